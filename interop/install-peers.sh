#!/usr/bin/env bash
# Installs from Debian what the interoperability tests run against. Does nothing when all of it is there.
set -euo pipefail
need() { command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ]; }
missing=
for tool in charon-systemd swanctl pki curl setpriv ip nft sysctl iperf3 tshark tcpdump ping openssl gcc \
	softhsm2-util pkcs11-tool swtpm tpm2_create ssh-agent zbarimg plistutil eapol_test freeradius radclient hostapd ethtool \
	qemu-system-x86_64 chromium node npm certutil pk12util; do
	need "$tool" || missing=1
done
plugins=/usr/lib/ipsec/plugins
for plugin in kernel-libipsec openssl curve25519 eap-mschapv2 eap-md5 eap-gtc eap-identity eap-tls eap-ttls eap-radius; do
	[ -e "$plugins/libstrongswan-$plugin.so" ] || missing=1
done
# The kernel for the virtual machine of the tests. It is unpacked and not installed: its installation would make this machine boot it.
linux=/var/cache/culvert/linux
ls "$linux"/boot/vmlinuz-* >/dev/null 2>&1 || missing=1
# Libreswan and OpenIKED run in that machine alone. They are unpacked too: Libreswan conflicts with strongSwan's packages.
others=/var/cache/culvert/others
for daemon in "$others/usr/libexec/ipsec/pluto" "$others/usr/sbin/iked"; do
	if [ ! -x "$daemon" ] || ldd "$daemon" | grep -q 'not found'; then missing=1; fi
done
[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ]; then
	echo "install-peers: peers are missing and only root can install them" >&2
	exit 1
fi
# The tests start what they need by themselves: no service is to run on the host.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
	trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
# Debian's npm wants Debian's node: each is installed only where there is none.
browser=chromium
need node || browser="$browser nodejs"
need npm || browser="$browser npm"
apt-get update -qq
# shellcheck disable=SC2086 # the words of $browser are packages
apt-get install -y -qq --no-install-recommends \
	charon-systemd strongswan-swanctl strongswan-charon strongswan-pki libcharon-extra-plugins libcharon-extauth-plugins libstrongswan-extra-plugins \
	libstrongswan-standard-plugins iproute2 nftables iperf3 tshark tcpdump iputils-ping openssl procps \
	gcc libc6-dev curl softhsm2 opensc swtpm tpm2-tools openssh-client zbar-tools libplist-utils eapoltest freeradius freeradius-utils hostapd ethtool \
	libnss3-tools libldns3 libunbound8 libldap-2.5-0 libcurl3-nss libevent-2.1-7 libevent-core-2.1-7 libevent-pthreads-2.1-7 libcap-ng0 libaudit1 \
	qemu-system-x86 $browser >/dev/null

# unpack FOLDER PACKAGE... puts what is in packages into a folder, whole or not at all.
unpack() {
	folder=$1
	shift
	rm -rf "$folder.new" "$folder"
	mkdir -p "$folder.new/package"
	(cd "$folder.new/package" && apt-get download -qq -o APT::Sandbox::User=root "$@")
	for package in "$folder.new"/package/*.deb; do dpkg-deb -x "$package" "$folder.new"; done
	rm -rf "$folder.new/package"
	mv "$folder.new" "$folder"
}
if [ ! -x "$others/usr/libexec/ipsec/pluto" ] || [ ! -x "$others/usr/sbin/iked" ]; then
	unpack "$others" libreswan openiked
fi

if ! ls "$linux"/boot/vmlinuz-* >/dev/null 2>&1; then
	kernel=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
	unpack "$linux" "$kernel"
fi
