#!/bin/sh
# Makes the revocation list, OCSP requests and answers of this folder with openssl 3.0; run it inside an empty folder.
set -e
ext() { printf "$1" > ext; }
openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out ca.key
openssl req -x509 -key ca.key -subj "/CN=ca" -days 36500 -out ca.pem
for n in good bad responder; do
	openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out $n.key
	openssl req -new -key $n.key -subj "/CN=$n" -out $n.csr
	ext "authorityInfoAccess=OCSP;URI:http://ocsp.example.org\ncrlDistributionPoints=URI:http://crl.example.org/ca.crl\n"
	[ $n = responder ] && ext "extendedKeyUsage=OCSPSigning\n"
	openssl x509 -req -in $n.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 36500 -extfile ext -out $n.pem
done
touch index; echo 01 > number
printf '[ca]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\n' > cnf
for n in good bad; do openssl ca -config cnf -name ca -keyfile ca.key -cert ca.pem -valid $n.pem; done
openssl ca -config cnf -name ca -keyfile ca.key -cert ca.pem -revoke bad.pem -crl_reason keyCompromise
openssl ca -config cnf -name ca -keyfile ca.key -cert ca.pem -gencrl -crldays 36500 -out ca.crl.pem
for n in good bad; do
	openssl ocsp -issuer ca.pem -cert $n.pem -reqout $n.req
	openssl ocsp -index index -CA ca.pem -rsigner ca.pem -rkey ca.key -ndays 36500 -reqin $n.req -respout $n.resp
	openssl ocsp -index index -CA ca.pem -rsigner responder.pem -rkey responder.key -ndays 36500 -reqin $n.req -respout $n.delegated.resp
done
for kind in ED448 RSA-PSS; do
	n=$(echo $kind | tr A-Z a-z | tr -d -)
	openssl genpkey -algorithm $kind -out $n-ca.key
	openssl req -x509 -key $n-ca.key -subj "/CN=$n-ca" -days 36500 -out $n-ca.pem
	openssl genpkey -algorithm ec -pkeyopt ec_paramgen_curve:P-256 -out $n-good.key
	openssl req -new -key $n-good.key -subj "/CN=$n-good" -out $n-good.csr
	openssl x509 -req -in $n-good.csr -CA $n-ca.pem -CAkey $n-ca.key -CAcreateserial -days 36500 -out $n-good.pem
	rm -f index*; touch index
	openssl ca -config cnf -name ca -keyfile $n-ca.key -cert $n-ca.pem -md default -valid $n-good.pem
	openssl ocsp -issuer $n-ca.pem -cert $n-good.pem -reqout $n-good.req
	openssl ocsp -index index -CA $n-ca.pem -rsigner $n-ca.pem -rkey $n-ca.key -ndays 36500 -reqin $n-good.req -respout $n-good.resp
done
rm -f *.key *.csr *.srl ext index* number* cnf
