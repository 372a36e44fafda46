#!/bin/sh
# Makes the certificates of this folder with openssl 3.0 and strongSwan's pki 5.9.8; run it inside an empty folder and copy
# the *.pem. Private keys are thrown away. Everything is valid from the day of the run for 100 years, pki's for 8, but what is called old for a day.
set -e
days=36500
ext() { # NAME LINES...: an extension file
	n=$1; shift; printf '%s\n' "$@" > "$n.ext"; }
key() { openssl genpkey -algorithm "$2" $3 $4 -out "$1.key"; } # NAME ALGORITHM [-pkeyopt X]
self() { # NAME ALGORITHM EXTENSION...
	key "$1" "$2"; n=$1; shift 2; ext "$n" "$@"
	openssl req -new -key "$n.key" -subj "/C=CH/O=Culvert/CN=$n" -out "$n.csr"
	openssl x509 -req -in "$n.csr" -signkey "$n.key" -days $days -extfile "$n.ext" -out "$n.pem"; }
issue() { # CA NAME ALGORITHM EXTENSION...
	ca=$1; n=$2; key "$n" "$3"; shift 3; ext "$n" "$@"
	openssl req -new -key "$n.key" -subj "/C=CH/O=Culvert/CN=$n" -out "$n.csr"
	openssl x509 -req -in "$n.csr" -CA "$ca.pem" -CAkey "$ca.key" -CAcreateserial -days $days -extfile "$n.ext" -out "$n.pem"; }
CA="basicConstraints=critical,CA:TRUE"; SIGN="keyUsage=critical,keyCertSign,cRLSign"; IDS="subjectKeyIdentifier=hash"
AKI="authorityKeyIdentifier=keyid"; SAN="subjectAltName=DNS:gw.example.org"

self  ed448-root ED448 "$CA" "$SIGN" "$IDS"
issue ed448-root ed448-sub ED448 "$CA,pathlen:0" "$SIGN" "$IDS" "$AKI"
issue ed448-sub  ed448-leaf ED448 "$SAN" "$IDS" "$AKI"
issue ed448-root ed448-direct ED448 "$SAN"
issue ed448-root ed448-to-ed25519 ED25519 "$SAN"
issue ed448-sub  ed448-deep ED448 "$CA" "$SIGN" "$IDS" "$AKI"
issue ed448-deep ed448-too-deep ED448 "$SAN"
issue ed448-root ed448-no-ca ED448 "$SAN"
issue ed448-no-ca ed448-below-no-ca ED448 "$SAN"
# version 1, as openssl makes it without extensions
key ed448-v1 ED448; openssl req -new -key ed448-v1.key -subj "/C=CH/O=Culvert/CN=ed448-v1" -out ed448-v1.csr
openssl x509 -req -in ed448-v1.csr -CA ed448-root.pem -CAkey ed448-root.key -CAcreateserial -days $days -out ed448-v1.pem
issue ed448-v1 ed448-below-v1 ED448 "$SAN"
issue ed448-root ed448-no-sign ED448 "$CA" "keyUsage=critical,cRLSign"
issue ed448-no-sign ed448-below-no-sign ED448 "$SAN"
issue ed448-root ed448-constrained ED448 "$CA" "$SIGN" "nameConstraints=critical,permitted;DNS:example.org"
issue ed448-constrained ed448-below-constrained ED448 "$SAN"
issue ed448-root ed448-critical ED448 "$SAN" "1.2.3.4=critical,DER:0500"
issue ed448-root ed448-sub-critical ED448 "$CA" "1.2.3.4=critical,DER:0500"
issue ed448-sub-critical ed448-below-critical ED448 "$SAN"
days=1; issue ed448-root ed448-old ED448 "$CA" "$SIGN"; days=36500
issue ed448-old ed448-below-old ED448 "$SAN"
self  ed25519-root ED25519 "$CA" "$SIGN"
issue ed25519-root ed25519-to-ed448 ED448 "$SAN"
issue ed25519-root ed25519-sub-ed448 ED448 "$CA" "$SIGN"
issue ed25519-sub-ed448 mixed-leaf ED25519 "$SAN"
self  rsapss-root RSA-PSS "$CA" "$SIGN" "$IDS"
issue rsapss-root rsapss-leaf RSA-PSS "$SAN"
issue rsapss-root rsapss-to-ed448 ED448 "$SAN"
# another root of the same name as ed448-root
mkdir other; cd other; self ed448-root ED448 "$CA" "$SIGN"; cp ed448-root.pem ../ed448-other-root.pem; cd ..
# revocation list of ed448-root with ed448-old in it
touch index; echo 01 > number
cat > ca.cnf <<C
[ca]
database = index
crlnumber = number
default_md = default
C
openssl ca -config ca.cnf -name ca -keyfile ed448-root.key -cert ed448-root.pem -revoke ed448-old.pem
openssl ca -config ca.cnf -name ca -keyfile ed448-root.key -cert ed448-root.pem -gencrl -crldays 36500 -out ed448-root.crl.pem
# RSA keys under id-RSASSA-PSS: a CA whose parameters bind it, one whose do not, and what they sign with other parameters
bound="-pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_md:sha256 -pkeyopt rsa_pss_keygen_mgf1_md:sha256 -pkeyopt rsa_pss_keygen_saltlen:32"
pss() { # CA NAME HASH KEYGEN-OPTIONS SIGNATURE-OPTIONS EXTENSION...
	ca=$1; n=$2; hash=$3; openssl genpkey -algorithm RSA-PSS $4 -out "$n.key"; sig=$5; shift 5; ext "$n" "$@"
	openssl req -new -key "$n.key" -subj "/C=CH/O=Culvert/CN=$n" -out "$n.csr"
	by="-CA $ca.pem -CAkey $ca.key -CAcreateserial"; [ "$ca" != "$n" ] || by="-signkey $n.key"
	openssl x509 -req -in "$n.csr" $by -"$hash" $sig -days $days -extfile "$n.ext" -out "$n.pem"; }
pss pss-root pss-root sha256 "$bound" "-sigopt rsa_pss_saltlen:32" "$CA" "$SIGN"
pss pss-root pss-sub  sha256 "-pkeyopt rsa_keygen_bits:2048" "-sigopt rsa_pss_saltlen:48" "$CA" "$SIGN"
pss pss-sub  pss-leaf sha384 "-pkeyopt rsa_keygen_bits:2048" "-sigopt rsa_pss_saltlen:0 -sigopt rsa_mgf1_md:sha1" "$SAN"
# strongSwan's pki
pki --gen --type ed448 --outform pem > pki-ed448-ca.key
pki --self --ca --type priv --in pki-ed448-ca.key --lifetime 3600 --dn "C=CH, O=Culvert, CN=pki-ed448-ca" --outform pem > pki-ed448-ca.pem
pki --gen --type ed448 --outform pem > pki-ed448.key
pki --pub --type priv --in pki-ed448.key | pki --issue --lifetime 3000 --cacert pki-ed448-ca.pem --cakey pki-ed448-ca.key \
	--dn "C=CH, O=Culvert, CN=pki-ed448" --san gw.example.org --outform pem > pki-ed448.pem
rm -f *.key *.csr *.ext *.srl index* number* ca.cnf; rm -r other
