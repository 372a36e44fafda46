#!/bin/sh
# Makes the keys and certificates of this folder with openssl 3.0 and strongSwan's pki 5.9.8; run it inside an empty folder.
# They protect nothing. Everything is valid for 100 years (openssl) or 8 years (pki) from November 2026.
set -e
req() { openssl req -new -key $1.key -subj "/C=CH/O=Culvert/CN=$1" -out $1.csr; }
root() { # NAME
	printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n' > ext
	req $1; openssl x509 -req -in $1.csr -signkey $1.key -days 36500 -extfile ext -out $1.pem; }
leaf() { # CA NAME [SIGNATURE-OPTIONS]
	ca=$1; n=$2; shift 2
	printf "subjectAltName=DNS:$n.example.org,IP:192.0.2.1,email:$n@example.org\nextendedKeyUsage=serverAuth\n" > ext
	req $n; openssl x509 -req -in $n.csr -CA $ca.pem -CAkey $ca.key -CAcreateserial -days 36500 -extfile ext "$@" -out $n.pem; }
openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 -out ca-rsa.key;                     root ca-rsa
openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 -out rsa.key;                        leaf ca-rsa rsa
openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 -out pss.key
leaf ca-rsa pss -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest
openssl genpkey -algorithm rsa -pkeyopt rsa_keygen_bits:2048 -out sha1.key;                       leaf ca-rsa sha1 -sha1
openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out ca-ecdsa.key;                 root ca-ecdsa
openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out ecdsa256.key;                 leaf ca-ecdsa ecdsa256
openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-384 -out ecdsa384.key;                 leaf ca-ecdsa ecdsa384
openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-521 -out ecdsa521.key;                 leaf ca-ecdsa ecdsa521
openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:brainpoolP256r1 -out brainpool.key;      leaf ca-ecdsa brainpool
openssl genpkey -algorithm ed25519 -out ed25519.key;                                              leaf ca-ecdsa ed25519
openssl genpkey -algorithm ed448 -out ca-ed448.key;                                               root ca-ed448
openssl genpkey -algorithm ed448 -out ed448.key;                                                  leaf ca-ed448 ed448
for t in "rsa --size 3072" "ecdsa --size 384" ed25519 ed448; do
	n=pki-${t%% *}
	pki --gen --type $t --outform pem > $n.key
	pki --pub --type priv --in $n.key | pki --issue --lifetime 3000 --cacert ca-ecdsa.pem --cakey ca-ecdsa.key \
		--dn "C=CH, O=Culvert, CN=$n" --san $n.example.org --flag ikeIntermediate --outform pem > $n.pem
done
rm -f *.csr *.srl ext ca-*.key
openssl x509 -in ca-ecdsa.pem -noout -pubkey | openssl pkey -pubin -outform DER | openssl sha1 | sed "s/.*= *//" > ca-ecdsa.sha1
openssl pkey -in ecdsa384.key -pubout -outform DER | openssl sha1 | sed "s/.*= *//" > ecdsa384.sha1
