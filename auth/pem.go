package auth

import (
	"crypto"
	"crypto/x509"
	"errors"
)

// ParsePrivateKey reads one private key from PEM or DER: PKCS#8, PKCS#1 or SEC 1.
func ParsePrivateKey(b []byte) (crypto.Signer, error) { return nil, errors.ErrUnsupported }

// ParsePublicKey reads one public key, or that of a certificate, from PEM or DER.
func ParsePublicKey(b []byte) (crypto.PublicKey, error) { return nil, errors.ErrUnsupported }

// ParseCertificates reads all certificates from PEM or DER.
func ParseCertificates(b []byte) ([]*x509.Certificate, error) { return nil, errors.ErrUnsupported }

// ParseCRLs reads all certificate revocation lists from PEM or DER.
func ParseCRLs(b []byte) ([]*x509.RevocationList, error) { return nil, errors.ErrUnsupported }
