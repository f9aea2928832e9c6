#!/bin/sh
# Takes away what belongs to the machine that was baked on: host keys, ids, logs, caches, shell histories, authorised keys.
set -eu

if command -v apt-get >/dev/null 2>&1; then
  apt-get autoremove --yes --purge
  apt-get clean
  rm -rf /var/lib/apt/lists/*
else
  dnf clean all
fi

rm -f /etc/ssh/ssh_host_*
truncate --size 0 /etc/machine-id
rm -f /var/lib/dbus/machine-id
find /var/log -type f -exec truncate --size 0 {} +
rm -f /root/.bash_history /home/*/.bash_history
rm -f /root/.ssh/authorized_keys /home/*/.ssh/authorized_keys
if command -v cloud-init >/dev/null 2>&1; then cloud-init clean --logs; fi
sync
