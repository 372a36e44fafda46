// Package keylog writes session keys as Wireshark reads them: the tables ikev2_decryption_table and esp_sa of a profile
// folder. Whoever reads them reads the traffic, so nothing is written unless a folder is asked for by name.
package keylog

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"culvert/dataplane"
	"culvert/suite"
	"culvert/wire"
)

// A Log appends to the tables of one folder. It is safe for concurrent use; a nil Log writes nothing.
type Log struct {
	mu  sync.Mutex
	dir string
}

// Open makes the folder, readable by its owner only. Keys of earlier sessions stay in it.
func Open(dir string) (*Log, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &Log{dir: dir}, nil
}

// IKE appends the keys of an IKE SA. Algorithms that Wireshark cannot decrypt are left out without an error.
func (l *Log) IKE(spii, spir wire.SPI, sel suite.Selection, keys suite.IKEKeys) error {
	if l == nil {
		return nil
	}
	encr, integ, ok := ikeNames(sel)
	if !ok {
		return nil
	}
	return l.append("ikev2_decryption_table", fmt.Sprintf("%016x,%016x,%s,%s,%q,%s,%s,%q\n", uint64(spii), uint64(spir),
		hex.EncodeToString(keys.Ei), hex.EncodeToString(keys.Er), encr, hex.EncodeToString(keys.Ai), hex.EncodeToString(keys.Ar), integ))
}

// ESP appends the keys of one SA. Addresses are wildcards, so that the line holds when the peer moves.
func (l *Log) ESP(sa dataplane.SA) error {
	if l == nil {
		return nil
	}
	encr, integ, ok := espNames(sa.Transforms)
	if !ok {
		return nil
	}
	family := "IPv4"
	if sa.Path.Remote.Addr().Unmap().Is6() {
		family = "IPv6"
	}
	authKey := ""
	if len(sa.IntegKey) > 0 {
		authKey = "0x" + hex.EncodeToString(sa.IntegKey)
	}
	return l.append("esp_sa", fmt.Sprintf("%q,%q,%q,\"0x%08x\",%q,\"0x%s\",%q,%q\n", family, "*", "*", sa.SPI, encr,
		hex.EncodeToString(sa.EncrKey), integ, authKey))
}

func (l *Log) append(table, line string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := os.OpenFile(filepath.Join(l.dir, table), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(line); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
