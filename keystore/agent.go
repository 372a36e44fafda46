package keystore

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// errDigest says that an ssh agent hashes by itself.
var errDigest = errors.New("an ssh agent signs messages, not digests")

// An agentKey is a key in an ssh agent, asked over a connection of its own each time, so that an agent may be restarted.
type agentKey struct {
	path   string
	key    ssh.PublicKey
	public crypto.PublicKey
}

// openAgent finds a key by fingerprint (SHA256:...) or comment.
func (s Store) openAgent(name string) (crypto.Signer, error) {
	path := s.AgentPath
	if path == "" {
		path = os.Getenv("SSH_AUTH_SOCK")
	}
	if path == "" {
		return nil, errors.New("no ssh agent: SSH_AUTH_SOCK is not set")
	}
	var found *agent.Key
	err := askAgent(path, func(a agent.ExtendedAgent) error {
		listed, err := a.List()
		if err != nil {
			return err
		}
		found, err = pick(listed, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	return newAgentKey(path, found)
}

// pick returns the one key of that fingerprint or comment.
func pick(listed []*agent.Key, name string) (*agent.Key, error) {
	var found *agent.Key
	for _, k := range listed {
		switch {
		case ssh.FingerprintSHA256(k) != name && k.Comment != name:
		case found != nil:
			return nil, fmt.Errorf("the ssh agent has several keys %q: name one by its fingerprint, as `ssh-add -l` shows it", name)
		default:
			found = k
		}
	}
	if found == nil {
		return nil, fmt.Errorf("the ssh agent has %d keys, none of them is %q: `ssh-add -l` lists them", len(listed), name)
	}
	return found, nil
}

func newAgentKey(path string, k *agent.Key) (*agentKey, error) {
	key, err := ssh.ParsePublicKey(k.Blob)
	if err != nil {
		return nil, err
	}
	plain, ok := key.(ssh.CryptoPublicKey)
	if !ok {
		return nil, fmt.Errorf("a key of type %s cannot sign for IKE", key.Type())
	}
	return &agentKey{path: path, key: key, public: plain.CryptoPublicKey()}, nil
}

// askAgent has f speak to the agent.
func askAgent(path string, f func(agent.ExtendedAgent) error) error {
	conn, err := net.DialTimeout("unix", path, patience)
	if err != nil {
		return fmt.Errorf("ssh agent: %w", err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if err := f(agent.NewClient(conn)); err != nil {
		return fmt.Errorf("ssh agent: %w", err)
	}
	return nil
}

// Public returns the public key.
func (k *agentKey) Public() crypto.PublicKey { return k.public }

// Elsewhere says that signing waits for another process.
func (k *agentKey) Elsewhere() {}

// Sign fails: the agent has to see the message.
func (k *agentKey) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, errDigest }

// SignMessage signs a message in the one way that the protocol of agents has for key and hash.
func (k *agentKey) SignMessage(_ io.Reader, message []byte, opts crypto.SignerOpts) (signature []byte, err error) {
	flags, err := k.flags(opts)
	if err != nil {
		return nil, err
	}
	err = askAgent(k.path, func(a agent.ExtendedAgent) error {
		s, err := a.SignWithFlags(k.key, message, flags)
		if err != nil {
			return err
		}
		signature, err = k.plain(s.Blob)
		return err
	})
	return signature, err
}

// flags tells the agent which hash is wanted, or that it has no such signature.
func (k *agentKey) flags(opts crypto.SignerOpts) (agent.SignatureFlags, error) {
	_, pss := opts.(*rsa.PSSOptions)
	switch key := k.public.(type) {
	case ed25519.PublicKey:
		return 0, nil
	case *ecdsa.PublicKey:
		if own := map[int]crypto.Hash{256: crypto.SHA256, 384: crypto.SHA384, 521: crypto.SHA512}[key.Params().BitSize]; own == opts.HashFunc() {
			return 0, nil
		}
	case *rsa.PublicKey:
		switch {
		case pss:
		case opts.HashFunc() == crypto.SHA256:
			return agent.SignatureFlagRsaSha256, nil
		case opts.HashFunc() == crypto.SHA512:
			return agent.SignatureFlagRsaSha512, nil
		}
	}
	return 0, fmt.Errorf("an ssh agent does not sign with %T and %v (PSS: %t): set local.signature_schemes to one that it has, such as rsa-sha256", k.public, opts.HashFunc(), pss)
}

// plain turns a signature of ssh (RFC 5656, Section 3.1.2) into the form of crypto.Signer.
func (k *agentKey) plain(blob []byte) ([]byte, error) {
	if _, ok := k.public.(*ecdsa.PublicKey); !ok {
		return blob, nil
	}
	var pair struct{ R, S *big.Int }
	if err := ssh.Unmarshal(blob, &pair); err != nil {
		return nil, err
	}
	return ecdsaASN1(pair.R, pair.S)
}
