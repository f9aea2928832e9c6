#!/bin/sh
# Brings the base up to date and installs what the bake asks for. PACKAGES, PACKAGE_VERSION, REPOSITORY and UPGRADE come from Rosco.
set -eu

install() {
  case "${PACKAGE_TYPE:-deb}" in
    deb) DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$@" ;;
    rpm) dnf install --assumeyes "$@" ;;
    *)
      echo "package type '$PACKAGE_TYPE' is not one of deb, rpm" >&2
      exit 1
      ;;
  esac
}

if command -v cloud-init >/dev/null 2>&1; then
  # The package manager is cloud-init's until that is done.
  cloud-init status --wait || true
fi

case "${PACKAGE_TYPE:-deb}" in
  deb)
    if [ -n "${REPOSITORY:-}" ]; then
      printf 'deb %s\n' "$REPOSITORY" >/etc/apt/sources.list.d/golden.list
    fi
    apt-get update
    if [ -n "${UPGRADE:-}" ]; then
      DEBIAN_FRONTEND=noninteractive apt-get --yes -o Dpkg::Options::=--force-confold dist-upgrade
    fi
    ;;
  rpm)
    if [ -n "${UPGRADE:-}" ]; then dnf upgrade --assumeyes --refresh; fi
    ;;
esac

for package in ${PACKAGES:-}; do
  if [ -n "${PACKAGE_VERSION:-}" ] && [ "${PACKAGE_TYPE:-deb}" = deb ]; then
    install "$package=$PACKAGE_VERSION"
  elif [ -n "${PACKAGE_VERSION:-}" ]; then
    install "$package-$PACKAGE_VERSION"
  else
    install "$package"
  fi
done
