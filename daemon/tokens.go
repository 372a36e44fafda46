package daemon

import (
	"context"
	"crypto"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"culvert/config"
	"culvert/keystore"
	"culvert/keystore/token"
	"culvert/secret"
)

// A tokenDesk knows what PKCS #11 tokens have told, so that reading the configuration, which happens again and again, asks them once.
// A token may take long, or hang: nobody waits for one who holds Daemon.reloading. Who does gets errUnread, lets go, has the desk
// read what is missing, and begins again. It is safe for concurrent use.
type tokenDesk struct {
	store keystore.Store

	mu      sync.Mutex
	answers map[question]*answer
	missing []*answer // that somebody who cannot wait has asked for
}

// A question is what a token is asked. What it is told depends on the modules that there are.
type question struct {
	op, uri, modules string
	pin              [sha256.Size]byte
}

// An answer is what a token has told.
type answer struct {
	ask  func() (any, error)
	once sync.Once
	done chan struct{} // closed once it is there

	value any
	err   error
}

// mostAnswers bounds what is known. Beyond, all is asked anew.
const mostAnswers = 4096

// errUnread is for those who cannot wait for a token.
var errUnread = errors.New("a token is being read")

func newTokenDesk() *tokenDesk { return &tokenDesk{answers: make(map[question]*answer)} }

// read waits for the answer.
func (a *answer) read() {
	a.once.Do(func() {
		a.value, a.err = a.ask()
		a.ask = nil // it has the PIN
		close(a.done)
	})
	<-a.done
}

// refused tells whether the token has not taken the PIN. It is not shown again by itself: tokens lock.
func (a *answer) refused() bool {
	known, ok := errors.AsType[*token.Error](a.err)
	return ok && known.Failure == token.Refused
}

// forget drops answers that are there: all, or failures that another try may mend.
func (d *tokenDesk) forget(all bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for q, a := range d.answers {
		select {
		case <-a.done:
			if all || a.err != nil && !a.refused() {
				delete(d.answers, q)
			}
		default:
		}
	}
}

// take returns what is missing, which the caller is to read.
func (d *tokenDesk) take() []*answer {
	d.mu.Lock()
	defer d.mu.Unlock()
	list := d.missing
	d.missing = nil
	return list
}

// lacks tells whether something is missing.
func (d *tokenDesk) lacks() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.missing) > 0
}

// readAll reads several answers at once. Whoever does not want to wait any longer leaves them to those who ask next.
func readAll(ctx context.Context, list []*answer) error {
	for _, a := range list {
		go a.read()
	}
	for _, a := range list {
		select {
		case <-a.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// find returns the answer to a question, which may still have to be read. anew drops what was known of it.
func (d *tokenDesk) find(q question, anew bool, ask func() (any, error)) *answer {
	d.mu.Lock()
	defer d.mu.Unlock()
	a := d.answers[q]
	if a == nil || anew {
		if len(d.answers) >= mostAnswers {
			clear(d.answers)
		}
		a = &answer{ask: ask, done: make(chan struct{})}
		d.answers[q] = a
	}
	return a
}

// want notes that an answer is missing, unless it is there.
func (d *tokenDesk) want(a *answer) bool {
	select {
	case <-a.done:
		return false
	default:
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.missing = append(d.missing, a)
	return true
}

// A visit asks the desk, with the modules that there are.
type visit struct {
	*tokenDesk
	modules []keystore.Module
	waits   bool              // for tokens, instead of errUnread
	anew    map[question]bool // what has been asked anew; nil: what is known is good
}

func (v visit) store() keystore.Store {
	s := v.tokenDesk.store
	s.Modules = v.modules
	return s
}

func (v visit) get(op, uri string, pin secret.Bytes, ask func(keystore.Store) (any, error)) (any, error) {
	q := question{op: op, uri: uri, modules: fmt.Sprint(v.modules), pin: sha256.Sum256(pin)}
	anew := v.anew != nil && !v.anew[q]
	if anew {
		v.anew[q] = true
	}
	a := v.find(q, anew, func() (any, error) { return ask(v.store()) })
	if v.waits {
		a.read()
	} else if v.want(a) {
		return nil, errUnread
	}
	return a.value, a.err
}

// OpenToken returns a private key.
func (v visit) OpenToken(uri string, pin secret.Bytes) (crypto.Signer, error) {
	key, err := v.get("key", uri, pin, func(s keystore.Store) (any, error) { return s.OpenToken(uri, pin) })
	if err != nil {
		return nil, err
	}
	return key.(crypto.Signer), nil
}

// Certificate returns a certificate.
func (v visit) Certificate(uri string) ([]byte, error) {
	der, err := v.get("certificate", uri, nil, func(s keystore.Store) (any, error) { return s.Certificate(uri) })
	if err != nil {
		return nil, err
	}
	return der.([]byte), nil
}

// CertificatesOf returns all certificates in the tokens of a module.
func (v visit) CertificatesOf(m keystore.Module) ([]keystore.Certificate, error) {
	list, err := v.get("certificates", m.Path, nil, func(s keystore.Store) (any, error) { return s.CertificatesOf(m) })
	if err != nil {
		return nil, err
	}
	return list.([]keystore.Certificate), nil
}

// lend has a source read tokens through the desk.
func (v visit) lend(s *config.Source) {
	s.Keys = func(modules []keystore.Module, kind keystore.Kind, name string) (crypto.Signer, error) {
		if kind != keystore.PKCS11 {
			return v.tokenDesk.store.Open(kind, name)
		}
		v.modules = modules
		return v.OpenToken(name, nil)
	}
	s.Certificate = func(modules []keystore.Module, uri string) ([]byte, error) {
		v.modules = modules
		return v.Certificate(uri)
	}
}
