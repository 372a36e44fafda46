package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
)

// large has so many parts of IKE SAs, and counts those that were asked for.
type large struct {
	*quiet
	parts, asked int
	broken       error // in the place of the last part
}

type largeListing struct {
	*large
	told int
}

func (l *large) List() Listing { return &largeListing{large: l} }

func (l *largeListing) Next(_ context.Context, each func(*SA)) (bool, error) {
	l.asked++
	l.told++
	if l.told == l.parts && l.broken != nil {
		return false, l.broken
	}
	for range 16 {
		each(&SA{Connection: "staff", SPI: "0123456789abcdef"})
	}
	return l.told < l.parts, nil
}

// A client that asks for all IKE SAs and does not read has a part of them at a time, whatever it has asked for, and loses its connection.
func TestHangingClientsHoldAPartOfTheIKESAs(t *testing.T) {
	for _, path := range []string{"/v1/sas", "/v1/status"} {
		l := &large{quiet: newQuiet(1), parts: 1000}
		piped(t, l, func(c net.Conn) {
			_, _ = c.Write([]byte("GET " + path + " HTTP/1.1\r\nHost: culvert\r\n\r\n"))
			synctest.Wait()
			if l.asked > 3 {
				t.Errorf("%s: %d parts for one who does not read", path, l.asked)
			}
		})
	}
}

func TestListsOfIKESAsAreWhole(t *testing.T) {
	for path, count := range map[string]func([]byte) int{
		"/v1/sas": func(b []byte) int {
			var list []SA
			_ = json.Unmarshal(b, &list)
			return len(list)
		},
		"/v1/status": func(b []byte) int {
			var s Status
			_ = json.Unmarshal(b, &s)
			return len(s.SAs)
		},
	} {
		for _, broken := range []error{nil, errors.New("the daemon is ending")} {
			l := &large{quiet: newQuiet(1), parts: 20, broken: broken}
			piped(t, l, func(c net.Conn) {
				go func() {
					_, _ = c.Write([]byte("GET " + path + " HTTP/1.1\r\nHost: culvert\r\nConnection: close\r\n\r\n"))
				}()
				r, err := http.ReadResponse(bufio.NewReader(c), nil)
				if err != nil {
					t.Fatal(err)
				}
				b, err := io.ReadAll(r.Body)
				if (err != nil) != (broken != nil) || broken == nil && count(b) != 20*16 {
					t.Errorf("%s: %d of %d, %v", path, count(b), 20*16, err)
				}
			})
		}
	}
}
