package daemon

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"culvert/eap"
	"culvert/eap/usim"
	"culvert/explain"
)

// sims keeps the sequence numbers of SIMs and of their authentication centres in one file, which it opens when the first of them
// is used. Keys have one number for each of the two, whatever user or connection they stand at, and keep it over reloads.
type sims struct {
	path string

	mu sync.Mutex
	db *bbolt.DB
}

func newSIMs(stateDir string) *sims { return &sims{path: filepath.Join(stateDir, "sims.db")} }

// card is a SIM of ours.
func (s *sims) card(keys usim.Keys) (*usim.Card, error) {
	return usim.NewCard(keys, simNumber{s, numberName("card", keys)})
}

// centre is the home network of a user's SIM. One whose keys are no keys, which the configuration does not let happen, has none.
func (s *sims) centre(keys usim.Keys) eap.Subscriber {
	c, err := usim.NewCentre(keys, simNumber{s, numberName("centre", keys)}, rand.Reader)
	if err != nil {
		return nil // not a nil *usim.Centre in an interface
	}
	return c
}

// numberName tells keys apart without showing them.
func numberName(role string, keys usim.Keys) []byte {
	h := sha256.New()
	h.Write([]byte(role))
	h.Write(keys.K)
	h.Write(keys.OPc)
	return h.Sum(nil)
}

// open returns the file, which another daemon may have.
func (s *sims) open() (*bbolt.DB, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db != nil {
		return s.db, nil
	}
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil {
		return nil, err
	}
	db, err := bbolt.Open(s.path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.path, err)
	}
	s.db = db
	return db, nil
}

// close closes the file, if it was opened.
func (s *sims) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.db == nil {
		return nil
	}
	return s.db.Close()
}

// A simNumber is one sequence number in the file. It implements usim.Sequence.
type simNumber struct {
	store *sims
	name  []byte
}

// numbersBucket is where the file has the numbers: eight octets each, in network order.
const numbersBucket = "sequence numbers"

var errNumber = errors.New("the stored sequence number is damaged")

// Update stores a number and waits for the disk. What goes wrong with the file is a *eap.Failure; errors of next stay as they are.
func (n simNumber) Update(next func(last uint64) (uint64, error)) error {
	var refused error
	db, err := n.store.open()
	if err == nil {
		err = db.Update(func(tx *bbolt.Tx) error {
			return n.update(tx, func(last uint64) (number uint64, err error) {
				number, refused = next(last)
				return number, refused
			})
		})
	}
	if err == nil || refused != nil {
		return refused
	}
	return &eap.Failure{Code: explain.EAPSIMStore, Cause: "the sequence number of a SIM cannot be kept", Action: "see that " + n.store.path + " can be written", Err: err}
}

func (n simNumber) update(tx *bbolt.Tx, next func(last uint64) (uint64, error)) error {
	b, err := tx.CreateBucketIfNotExists([]byte(numbersBucket))
	if err != nil {
		return err
	}
	var last uint64
	switch v := b.Get(n.name); {
	case len(v) == 8:
		last = binary.BigEndian.Uint64(v)
	case v != nil:
		return errNumber
	}
	number, err := next(last)
	if err != nil {
		return err
	}
	return b.Put(n.name, binary.BigEndian.AppendUint64(nil, number))
}
