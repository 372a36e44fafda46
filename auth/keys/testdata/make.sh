#!/bin/sh
# Makes the keys of this folder with openssl 3.0 and strongSwan's pki 5.9.8. They protect nothing.
set -e
openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 -out rsa.pem
openssl rsa -in rsa.pem -traditional -out rsa-pkcs1.pem
openssl rsa -in rsa.pem -traditional -aes128 -passout pass:x -out rsa-pkcs1-encrypted.pem
openssl rsa -in rsa.pem -RSAPublicKey_out -out rsa-pkcs1.pub.pem
openssl ecparam -name prime256v1 -genkey -out ec-sec1.pem
openssl pkcs8 -topk8 -nocrypt -in ec-sec1.pem -out ec.pem
openssl pkcs8 -topk8 -passout pass:x -in ec-sec1.pem -out ec-encrypted.pem
openssl genpkey -algorithm ed25519 -out ed25519.pem
openssl genpkey -algorithm ed448 -out ed448.pem
openssl genpkey -algorithm x25519 -out x25519.pem
openssl genpkey -algorithm rsa-pss -pkeyopt rsa_keygen_bits:2048 -out rsa-pss.pem
openssl genpkey -algorithm rsa-pss -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_pss_keygen_md:sha256 \
	-pkeyopt rsa_pss_keygen_mgf1_md:sha256 -pkeyopt rsa_pss_keygen_saltlen:32 -out rsa-pss-sha256.pem
pki --gen --type ed448 --outform pem > pki-ed448.pem
pki --gen --type ecdsa --size 521 --outform pem > pki-ec.pem
for k in rsa rsa-pss rsa-pss-sha256 ec ed25519 ed448 pki-ed448 pki-ec; do openssl pkey -in $k.pem -pubout -out $k.pub.pem; done
