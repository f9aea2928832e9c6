#!/bin/sh
# Runs in a container of the Assay image, as a custom job stage: asks Assay, and prints what later stages read. Needs ASSAY_URL and
# ASSAY_KEY; ASSAY_LINE names the line. ASSAY_DO is `approved` (which image is approved now) or `publish` (make a new one, wait
# until it is approved and published), which needs the job's own name in JOB_NAME.
set -eu

: "${ASSAY_URL:?is not set}" "${ASSAY_KEY:?is not set}" "${ASSAY_LINE:?is not set}"
# In the place of a shell, so that $! is the program itself: only ever called with & or in parentheses.
assay() { exec "${ASSAY_NODE:-node}" "${ASSAY_CLI:-/app/dist/cli.js}" "$@"; }

# Orca deletes the job of a stage that was cancelled or timed out: nobody waits for the run any more, so it goes too.
stopped() {
  trap '' TERM
  # Not before the request is out or given up: a run cannot be cancelled that begins a moment later.
  if [ -n "$follower" ]; then
    kill "$follower" 2>/dev/null || true
    wait "$follower" || true
  fi
  (assay cancel --key "$JOB_NAME" --reason 'the Spinnaker job was stopped' >&2) || true
  exit 143
}

publish() {
  follower=
  trap stopped TERM
  # The job's name is the run's key, and so its id. A pod that Kubernetes starts once more goes on with that run: one that was
  # denied, failed or cancelled is not made again.
  known=0
  said=$(assay show "$JOB_NAME" --json 2>&1) || known=$?
  case "$known" in
    0) set -- watch "$JOB_NAME" ;;
    2) set -- run --line "$ASSAY_LINE" --reason "${ASSAY_REASON:-asked for by a Spinnaker job}" --key "$JOB_NAME" --follow ;;
    *)
      printf '%s\n' "$said" >&2
      exit "$known"
      ;;
  esac
  # In the background, as a shell hears a signal only between commands or while it waits.
  assay "$@" >&2 &
  follower=$!
  wait "$follower"
  trap - TERM
}

case "${ASSAY_DO:-approved}" in
  approved) ;;
  publish)
    : "${JOB_NAME:?is not set}"
    publish
    ;;
  *)
    echo "ASSAY_DO must be approved or publish, not '$ASSAY_DO'" >&2
    exit 2
    ;;
esac

# Clouddriver reads both forms from the log (propertyFile), and Orca puts them into the stage's context. It makes the names of
# properties lower-case, and keeps those of the JSON.
answer=$(assay approved "$ASSAY_LINE" ${ASSAY_REGION:+--region "$ASSAY_REGION"} --json)
printf '%s' "$answer" | "${ASSAY_NODE:-node}" -e '
  const { amiId, region, run, approvedAt } = JSON.parse(require("fs").readFileSync(0, "utf8"));
  const image = { amiId, region, run, approvedAt };
  for (const [name, value] of Object.entries(image)) console.log(`SPINNAKER_PROPERTY_${name.toLowerCase()}=${value}`);
  console.log(`SPINNAKER_CONFIG_JSON=${JSON.stringify(image)}`);'
