package pki

import (
	"cmp"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"time"

	"culvert/auth"
)

// Kind is what a certificate is for.
type Kind string

// The kinds.
const (
	Gateway Kind = "gateway"
	Client  Kind = "client"
)

// A Record is one certificate in the index.
type Record struct {
	Serial  string    `json:"serial"` // hexadecimal
	Name    string    `json:"name"`
	Kind    Kind      `json:"kind"`
	Expires time.Time `json:"expires,omitzero"`
	Revoked time.Time `json:"revoked,omitzero"`
	Reason  Reason    `json:"reason,omitempty"` // of the revocation
	HasKey  bool      `json:"has_key"`          // its private key was made here
}

// Valid reports whether the certificate is neither revoked nor over.
func (r Record) Valid(now time.Time) bool { return r.Revoked.IsZero() && now.Before(r.Expires) }

// index is what index.json holds.
type index struct {
	CRLURL    string   `json:"crl_url,omitempty"`
	OCSPURL   string   `json:"ocsp_url,omitempty"`
	CRLNumber uint64   `json:"crl_number"`
	Issued    []Record `json:"issued"`
}

const indexFile = "index.json"

func (a *Authority) loadIndex() error {
	data, err := os.ReadFile(a.File(indexFile))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, &a.index); err != nil {
		return fmt.Errorf("%s: %w", indexFile, err)
	}
	for _, r := range a.index.Issued {
		if _, err := r.number(); err != nil {
			return fmt.Errorf("%s: %w", indexFile, err)
		}
	}
	return nil
}

func (a *Authority) saveIndex() error {
	data, err := json.MarshalIndent(a.index, "", "  ")
	if err != nil {
		return err
	}
	return a.write(indexFile, append(data, '\n'))
}

// number is the serial number.
func (r Record) number() (*big.Int, error) {
	n, ok := new(big.Int).SetString(r.Serial, 16)
	if !ok || n.Sign() <= 0 {
		return nil, fmt.Errorf("serial number %q of %q", r.Serial, r.Name)
	}
	return n, nil
}

// Records lists what was issued, by name, the newest first.
func (a *Authority) Records() []Record {
	list := slices.Clone(a.index.Issued)
	slices.SortStableFunc(list, func(x, y Record) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), y.Expires.Compare(x.Expires))
	})
	return list
}

// Current returns the valid certificate of a name that lasts longest.
func (a *Authority) Current(name string, now time.Time) (Record, error) {
	known := false
	for _, r := range a.Records() {
		if known = known || r.Name == name; r.Name == name && r.Valid(now) {
			return r, nil
		}
	}
	if known {
		return Record{}, fmt.Errorf("%q has no valid certificate any more: renew it or issue another one", name)
	}
	return Record{}, fmt.Errorf("no certificate was issued to %q", name)
}

// CertificateOf returns the certificate of a record.
func (a *Authority) CertificateOf(r Record) (*x509.Certificate, error) {
	name := filepath.Join(issuedDir, r.Serial+".pem")
	data, err := os.ReadFile(a.File(name))
	if err != nil {
		return nil, err
	}
	certs, err := auth.ParseCertificates(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return certs[0], nil
}

// KeyOf returns the private key of a record, if it was made here.
func (a *Authority) KeyOf(r Record) (crypto.Signer, error) {
	if !r.HasKey {
		return nil, errors.New("the private key of " + r.Name + " was not made here: it is where its request came from")
	}
	return a.readKey(filepath.Join(keysDir, r.Serial+".key"))
}
