#!/bin/sh
# Installs the agents, and enrols none: an image that is enrolled would make every instance of it the same one to its server, and its
# enrolment secret everybody's. User data enrols at boot (../../user-data.sh).
set -eu

unit=amazon-ssm-agent
if command -v apt-get >/dev/null 2>&1; then
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends auditd rsyslog
  # Ubuntu has the agent as a snap, in Canonical's images from the start.
  if ! dpkg --status amazon-ssm-agent >/dev/null 2>&1; then
    if ! command -v snap >/dev/null 2>&1; then
      echo 'no amazon-ssm-agent and no snap to install it with: choose a base image that has one' >&2
      exit 1
    fi
    snap list amazon-ssm-agent >/dev/null 2>&1 || snap install amazon-ssm-agent --classic
    unit=snap.amazon-ssm-agent.amazon-ssm-agent.service
  fi
else
  dnf install --assumeyes amazon-ssm-agent audit rsyslog
fi
systemctl enable "$unit"

# What an agent wrote about the machine that it was installed on; one that goes on would write it again.
systemctl stop "$unit"
rm -rf /var/lib/amazon/ssm/* /var/log/amazon/ssm/*
