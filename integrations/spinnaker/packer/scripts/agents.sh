#!/bin/sh
# Installs the agents, and enrols none: an image that is enrolled would make every instance of it the same one to its server, and its
# enrolment secret everybody's. User data enrols at boot (../../user-data.sh).
set -eu

if command -v snap >/dev/null 2>&1 && snap list amazon-ssm-agent >/dev/null 2>&1; then
  systemctl enable snap.amazon-ssm-agent.amazon-ssm-agent.service
elif command -v apt-get >/dev/null 2>&1; then
  if ! dpkg --status amazon-ssm-agent >/dev/null 2>&1; then
    if ! command -v snap >/dev/null 2>&1; then
      echo 'no amazon-ssm-agent and no snap to install it with: choose a base image that has one' >&2
      exit 1
    fi
    snap install amazon-ssm-agent --classic
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends auditd rsyslog
else
  dnf install --assumeyes amazon-ssm-agent audit rsyslog
  systemctl enable amazon-ssm-agent
fi

# What an agent wrote about the machine that it was installed on.
systemctl stop amazon-ssm-agent 2>/dev/null || true
rm -rf /var/lib/amazon/ssm/* /var/log/amazon/ssm/*
