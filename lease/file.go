package lease

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"go.etcd.io/bbolt"
)

// A File is a Store in one file. It is written in whole transactions, so that neither a crash nor a full disk damages what
// was there.
type File struct{ db *bbolt.DB }

// OpenFile opens or makes the file. Another process that has it open makes it fail within a second.
func OpenFile(path string) (*File, error) {
	// The leases of a moment ago are no loss that would be worth waiting for the disk on each connection.
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, NoSync: true})
	if err != nil {
		return nil, fmt.Errorf("leases in %s: %w", path, err)
	}
	return &File{db}, nil
}

// Load returns the leases of a pool. One that cannot be read is left out and named in the error.
func (f *File) Load(pool string) ([]Lease, error) {
	var all []Lease
	var bad error
	err := f.db.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(pool))
		if b == nil {
			return nil
		}
		return b.ForEach(func(k, v []byte) error {
			var l Lease
			if err := json.Unmarshal(v, &l); err != nil {
				bad = fmt.Errorf("lease %x of pool %s: %w", k, pool, err)
				return nil
			}
			all = append(all, l)
			return nil
		})
	})
	return all, errors.Join(err, bad)
}

// Save stores a lease under its address.
func (f *File) Save(pool string, l Lease) error {
	v, err := json.Marshal(l)
	if err != nil {
		return err
	}
	return f.db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte(pool))
		if err != nil {
			return err
		}
		return b.Put(key(l.Addr), v)
	})
}

// Forget removes the lease of an address.
func (f *File) Forget(pool string, addr netip.Addr) error {
	return f.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket([]byte(pool))
		if b == nil {
			return nil
		}
		return b.Delete(key(addr))
	})
}

func key(a netip.Addr) []byte { return a.AsSlice() }

// Close writes what is left and closes the file.
func (f *File) Close() error { return errors.Join(f.db.Sync(), f.db.Close()) }
