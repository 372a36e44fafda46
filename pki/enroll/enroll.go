// Package enroll gets a gateway's certificate from a certificate authority that speaks ACME (RFC 8555), such as a public one whose
// root every client has already.
package enroll

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"

	"golang.org/x/crypto/acme"
)

// Challenge is how the authority convinces itself that a name is ours.
type Challenge string

// The challenges.
const (
	HTTP    Challenge = "http"     // http-01: a page on port 80 (RFC 8555, Section 8.3)
	TLSALPN Challenge = "tls-alpn" // tls-alpn-01: a certificate on port 443 (RFC 8737)
)

// A Config says what is wanted of whom.
type Config struct {
	Directory string   // URL of the authority's directory
	Names     []string // host names of the gateway, the first one most wanted
	Contact   string   // mail address for warnings; "": none
	Challenge Challenge
	Listen    string        // address that answers the challenge, such as ":80"
	Account   crypto.Signer // key of the account, ECDSA or RSA; the account is made if there is none
	HTTP      *http.Client  // nil: http.DefaultClient
}

// A Certificate with its chain, the gateway's first, and its private key, which is a new one.
type Certificate struct {
	Chain [][]byte // DER
	Key   *ecdsa.PrivateKey
}

// Obtain orders a certificate, answers the challenges and returns it. It listens at Config.Listen meanwhile. Whoever calls it
// agrees to the authority's terms. The context bounds the time.
func Obtain(ctx context.Context, c Config) (Certificate, error) {
	if len(c.Names) == 0 {
		return Certificate{}, errors.New("no host name is given")
	}
	client := &acme.Client{Key: c.Account, DirectoryURL: c.Directory, HTTPClient: c.HTTP, UserAgent: "culvert"}
	if err := register(ctx, client, c.Contact); err != nil {
		return Certificate{}, fmt.Errorf("account at %s: %w", c.Directory, err)
	}
	order, err := client.AuthorizeOrder(ctx, acme.DomainIDs(c.Names...))
	if err != nil {
		return Certificate{}, fmt.Errorf("order: %w", err)
	}
	for _, url := range order.AuthzURLs {
		if err := prove(ctx, client, c, url); err != nil {
			return Certificate{}, err
		}
	}
	url := order.URI // which authorities need not repeat
	if order, err = client.WaitOrder(ctx, url); err != nil {
		return Certificate{}, fmt.Errorf("order: %w", err)
	}
	order.URI = url
	return finish(ctx, client, c, order)
}

// register makes the account, or finds the one of the key.
func register(ctx context.Context, client *acme.Client, contact string) error {
	account := &acme.Account{}
	if contact != "" {
		account.Contact = []string{"mailto:" + contact}
	}
	_, err := client.Register(ctx, account, acme.AcceptTOS)
	if errors.Is(err, acme.ErrAccountAlreadyExists) {
		return nil
	}
	return err
}

// prove answers the challenge for one name.
func prove(ctx context.Context, client *acme.Client, c Config, url string) error {
	authz, err := client.GetAuthorization(ctx, url)
	if err != nil {
		return err
	}
	if authz.Status == acme.StatusValid {
		return nil // proven a while ago
	}
	name := authz.Identifier.Value
	var chosen *acme.Challenge
	for _, offered := range authz.Challenges {
		if offered.Type == string(c.Challenge)+"-01" {
			chosen = offered
		}
	}
	if chosen == nil {
		return fmt.Errorf("%s: the authority does not offer the challenge %s", name, c.Challenge)
	}
	stop, err := c.answer(client, chosen, name)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer stop()
	if _, err := client.Accept(ctx, chosen); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if _, err := client.WaitAuthorization(ctx, authz.URI); err != nil {
		return fmt.Errorf("the authority could not convince itself that %s is this machine: %w", name, err)
	}
	return nil
}

// finish makes the key and has the certificate issued.
func finish(ctx context.Context, client *acme.Client, c Config, order *acme.Order) (Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Certificate{}, err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: c.Names}, key)
	if err != nil {
		return Certificate{}, err
	}
	chain, _, err := client.CreateCertFromOrder(ctx, order, csr, true)
	if err != nil {
		return Certificate{}, fmt.Errorf("certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(chain[0])
	if err != nil {
		return Certificate{}, err
	}
	if !key.PublicKey.Equal(leaf.PublicKey) {
		return Certificate{}, errors.New("the authority certified another key")
	}
	return Certificate{Chain: chain, Key: key}, leaf.VerifyHostname(c.Names[0])
}

// Trusting returns a client that trusts the authorities in a PEM file, and no others.
func Trusting(file string) (*http.Client, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s: no certificate in it", file)
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}, nil
}
