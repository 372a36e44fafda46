// Package pki is a certificate authority for gateways and clients, kept in a folder of PEM files and one index:
//
//	ca.pem, ca.key        the authority
//	issued/SERIAL.pem     each certificate, by serial number in hexadecimal
//	keys/SERIAL.key       its private key, if it was made here
//	index.json            who has which certificate, and which are revoked
//	crl.pem               the current revocation list (RFC 5280, Section 5)
//
// An Authority is for one goroutine at a time; a lock in the folder keeps other processes out while it is open.
package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"culvert/auth"
)

// Names of the files.
const (
	caFile    = "ca.pem"
	caKeyFile = "ca.key"
	crlFile   = "crl.pem"
	issuedDir = "issued"
	keysDir   = "keys"
)

// backdate is how much earlier than now validity begins, for peers whose clocks are slow.
const backdate = 10 * time.Minute

// An Authority issues certificates.
type Authority struct {
	Certificate *x509.Certificate
	key         crypto.Signer
	dir         string
	index       index
	lock        *os.File
}

// Options say what a new authority is like.
type Options struct {
	Name      string        // its common name, such as "Example VPN CA"
	Algorithm Algorithm     // of its key; "": ecdsa-p384
	Validity  time.Duration // 0: ten years
	CRLURL    string        // where its revocation list can be fetched, written into what it issues; "": nowhere
	OCSPURL   string        // likewise
}

// Create makes an authority in a folder, which must not have one.
func Create(dir string, o Options, now time.Time) (*Authority, error) {
	if o.Name == "" {
		return nil, errors.New("the authority needs a name")
	}
	if _, err := os.Stat(filepath.Join(dir, caFile)); err == nil {
		return nil, fmt.Errorf("%s has an authority already", dir)
	}
	key, err := o.Algorithm.or(ECDSAP384).generate()
	if err != nil {
		return nil, err
	}
	der, err := selfSign(o, key, now)
	if err != nil {
		return nil, err
	}
	for _, d := range []string{dir, filepath.Join(dir, issuedDir), filepath.Join(dir, keysDir)} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	a := &Authority{dir: dir, key: key, index: index{CRLURL: o.CRLURL, OCSPURL: o.OCSPURL}}
	err = errors.Join(a.writeKey(caKeyFile, key), a.writePEM(caFile, "CERTIFICATE", der), a.saveIndex())
	if err != nil {
		return nil, err
	}
	return Open(dir)
}

// selfSign makes the authority's own certificate (RFC 5280, Section 4.2.1.9).
func selfSign(o Options, key crypto.Signer, now time.Time) ([]byte, error) {
	validity := o.Validity
	if validity == 0 {
		validity = 10 * 365 * 24 * time.Hour
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: o.Name},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(validity),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	return x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
}

// newSerial makes a serial number of 64 bits that nobody can foresee, and that is positive (RFC 5280, Section 4.1.2.2).
func newSerial() (*big.Int, error) {
	most := new(big.Int).SetUint64(math.MaxUint64)
	n, err := rand.Int(rand.Reader, most)
	return n.Add(n, big.NewInt(1)), err
}

// Open opens the authority in a folder. It fails while another process has it open.
func Open(dir string) (*Authority, error) {
	a := &Authority{dir: dir}
	if _, err := os.Stat(filepath.Join(dir, caFile)); errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("there is no authority in %s: make one with `culvert pki init`", dir)
	}
	if err := a.acquire(); err != nil {
		return nil, err
	}
	if err := a.load(); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (a *Authority) load() error {
	certificate, err := os.ReadFile(a.File(caFile))
	if err != nil {
		return err
	}
	certs, err := auth.ParseCertificates(certificate)
	if err != nil {
		return fmt.Errorf("%s: %w", caFile, err)
	}
	a.Certificate = certs[0]
	if a.key, err = a.readKey(caKeyFile); err != nil {
		return err
	}
	return a.loadIndex()
}

// Close lets other processes have the folder.
func (a *Authority) Close() error {
	if a.lock == nil {
		return nil
	}
	err := a.lock.Close()
	a.lock = nil
	return err
}
