#!/bin/sh
# Asks for a run from a CI job, by a delivery that is signed as Standard Webhooks wants it. Needs curl and openssl.
#
#   ASSAY_URL=https://assay.example.com HOOK_SOURCE=jenkins HOOK_SECRET=whsec_… examples/ci-hook.sh payload.json
#
# HOOK_SECRET is one of hooks.ci.<source>.standardWebhooks.secrets. HOOK_ID numbers the delivery: give the same one when you
# send again, and it is the same run; without one, each call is a new delivery. openssl takes the secret on its command
# line, so that other users of this machine may see it for a moment.
set -eu
: "${ASSAY_URL:?}" "${HOOK_SOURCE:?}" "${HOOK_SECRET:?}"
payload=${1:?a file with the payload, JSON}

id=${HOOK_ID:-msg_$(openssl rand -hex 16)}
timestamp=$(date +%s)
key=$(printf %s "${HOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
signature=$({ printf '%s.%s.' "$id" "$timestamp" && cat "$payload"; } |
  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)

exec curl --silent --show-error --fail-with-body --retry 5 --max-time 30 \
  --header 'Content-Type: application/json' \
  --header "webhook-id: $id" \
  --header "webhook-timestamp: $timestamp" \
  --header "webhook-signature: v1,$signature" \
  --data-binary "@$payload" \
  "$ASSAY_URL/v1/hooks/ci/$HOOK_SOURCE"
