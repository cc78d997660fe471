#!/bin/sh
# What tests need from Debian: installed when root, else named in one line. `make test` runs this first.
set -u
missing=
command -v chromium >/dev/null || missing="$missing chromium"
command -v pk12util >/dev/null || missing="$missing libnss3-tools"
command -v faketime >/dev/null || missing="$missing faketime"
[ -x /usr/sbin/nginx ] || missing="$missing nginx"
command -v openssl >/dev/null || missing="$missing openssl"
[ -n "$(find /usr/share/fonts -name 'NotoSansCJK*' 2>/dev/null | head -n 1)" ] || missing="$missing fonts-noto-cjk"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "installing$missing …" >&2
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing; } >/dev/null && exit 0
fi
echo "tests that need$missing will be skipped: apt-get install$missing" >&2
