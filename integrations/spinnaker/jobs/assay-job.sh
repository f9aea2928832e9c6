#!/bin/sh
# Runs in a container of the Assay image, as a custom job stage: asks Assay, and prints what later stages read. Needs ASSAY_URL and
# ASSAY_KEY; ASSAY_LINE names the line. ASSAY_DO is `approved` (which image is approved now) or `publish` (make a new one, wait
# until it is approved and published).
set -eu

: "${ASSAY_URL:?is not set}" "${ASSAY_KEY:?is not set}" "${ASSAY_LINE:?is not set}"
assay() { "${ASSAY_NODE:-node}" "${ASSAY_CLI:-/app/dist/cli.js}" "$@"; }

case "${ASSAY_DO:-approved}" in
  approved) ;;
  # The job's name as key: a pod that is started once more by Kubernetes goes on with the same run.
  publish) assay run --line "$ASSAY_LINE" --reason "${ASSAY_REASON:-asked for by a Spinnaker job}" ${JOB_NAME:+--key "$JOB_NAME"} --follow >&2 ;;
  *)
    echo "ASSAY_DO must be approved or publish, not '$ASSAY_DO'" >&2
    exit 2
    ;;
esac

# One line of JSON; Clouddriver reads it from the log (propertyFile), and Orca puts it into the stage's context.
answer=$(assay approved "$ASSAY_LINE" ${ASSAY_REGION:+--region "$ASSAY_REGION"} --json)
value() { printf '%s' "$answer" | "${ASSAY_NODE:-node}" -e '
  const answer = JSON.parse(require("fs").readFileSync(0, "utf8"));
  process.stdout.write(String(answer[process.argv[1]]));' "$1"; }

for name in amiId region run approvedAt; do
  printf 'SPINNAKER_PROPERTY_%s=%s\n' "$name" "$(value "$name")"
done
