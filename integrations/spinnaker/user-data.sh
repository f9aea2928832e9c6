#!/bin/bash
# User data of a test instance that Assay launches (`deploy: { ec2: { userDataFile } }`), or that a server group of Spinnaker does.
#
# Whoever may describe the instance can read this text, so it holds names only: the secrets themselves are read at boot, by the
# instance's own role. Change the names below; the role needs, on just these resources,
#   ssm:GetParameter (and kms:Decrypt on its key)       for an SSM SecureString,
#   secretsmanager:GetSecretValue (and kms:Decrypt)      for a Secrets Manager secret,
# besides AmazonSSMManagedInstanceCore, by which Amazon Inspector sees the instance.
set -euo pipefail
# A trace would write secrets into the console's output, which EC2 keeps.
set +x
umask 077

ENROLLMENT_PARAMETER=/golden-ami/agent/enrollment
LICENSE_SECRET_ID=golden-ami/agent-license

log() { printf 'user-data: %s\n' "$1"; }

# Whatever goes wrong is told without its details: they could hold a part of a secret.
trap 'log "failed in line $LINENO"' ERR

# The instance's own role and region, by IMDSv2, which is all that the instance answers to.
metadata() {
  local session
  session=$(curl --silent --show-error --fail --retry 5 --max-time 5 --request PUT \
    --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token)
  printf 'header = "X-aws-ec2-metadata-token: %s"\n' "$session" |
    curl --silent --show-error --fail --retry 5 --max-time 5 --config - "http://169.254.169.254/latest/meta-data/$1"
}

# Both print the secret; it is only ever piped into what needs it, never put on a command line, on the disk or in a log.
parameter() {
  aws ssm get-parameter --region "$REGION" --name "$1" --with-decryption --query Parameter.Value --output text
}
secret() {
  aws secretsmanager get-secret-value --region "$REGION" --secret-id "$1" --query SecretString --output text
}

# The role's credentials may take some seconds to arrive.
patiently() {
  local try
  for try in 1 2 3 4 5 6; do
    if "$@" 2>/dev/null; then return 0; fi
    sleep "$((try * 5))"
  done
  return 1
}

REGION=$(metadata placement/region)
log "region $REGION"

# By the SSM agent Inspector reads the list of packages.
if systemctl list-unit-files amazon-ssm-agent.service --no-legend 2>/dev/null | grep -q amazon-ssm-agent; then
  systemctl enable --now amazon-ssm-agent
elif command -v snap >/dev/null && snap list amazon-ssm-agent >/dev/null 2>&1; then
  snap start --enable amazon-ssm-agent
else
  log 'no SSM agent is installed in this image: Inspector will not see the instance'
fi

# Agents that are in the image but not enrolled. Each reads its secret from its standard input.
if [ -x /opt/agent/bin/enroll ]; then
  patiently parameter "$ENROLLMENT_PARAMETER" | /opt/agent/bin/enroll --stdin >/dev/null 2>&1
  log 'agent enrolled'
fi
if [ -x /opt/agent/bin/license ]; then
  patiently secret "$LICENSE_SECRET_ID" | /opt/agent/bin/license --stdin >/dev/null 2>&1
  log 'agent licensed'
fi

log 'done'
