package web_test

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"culvert/api"
	"culvert/interop/lab"
)

// A site is moon, on which Culvert runs and shows its page, and sun with charon. The browser is on neither of them: what it
// sends to an address of its own host is carried to moon's loopback.
//
//	10.1.0.1/24 moon (Culvert) 10.99.0.1 ---- 10.99.0.2 sun (charon) 10.2.0.1/24
type site struct {
	*lab.Lab
	moon   *lab.Host
	ours   *lab.Culvert
	bridge net.Listener
	page   atomic.Pointer[string] // where it listens on moon
}

// sunName is what charon calls itself: an address of mail with markup in it.
const sunName = "<script>window.owned++</script>@sun.example.org"

const moonConf = `
connection "site" {
  local {
    address = "10.99.0.1"
    id      = "moon.example.org"
  }
  remote {
    address = "10.99.0.2"
    id      = "` + sunName + `"
  }
  child "net" {
    local  = ["10.1.0.0/24"]
    remote = ["10.2.0.0/24"]
  }
}
connection "broken" {
  proposals = ["aes256-sha384-ecp384"]
  local {
    address = "10.99.0.1"
    id      = "moon.example.org"
  }
  remote {
    address = "10.99.0.2"
    id      = "` + sunName + `"
  }
  child "other" {
    local  = ["10.1.1.0/24"]
    remote = ["10.2.1.0/24"]
  }
}
secret "site" {
  ids = ["moon.example.org", "` + sunName + `"]
  psk = "interoperable-and-long-enough"
}
`

const sunConf = `
connections {
  site {
    version = 2
    local_addrs = 10.99.0.2
    remote_addrs = 10.99.0.1
    proposals = aes256gcm16-prfsha384-x25519
    local {
      auth = psk
      id = "` + sunName + `"
    }
    remote {
      auth = psk
      id = moon.example.org
    }
    children {
      net {
        local_ts = 10.2.0.0/24
        remote_ts = 10.1.0.0/24
      }
    }
  }
}
secrets {
  ike-site {
    id-moon = moon.example.org
    id-sun = "` + sunName + `"
    secret = "interoperable-and-long-enough"
  }
}
`

func newSite(t *testing.T) *site {
	t.Helper()
	l := lab.New(t)
	s := &site{Lab: l, moon: l.Host("moon")}
	sun := l.Host("sun")
	l.Link(s.moon, sun, []string{"10.99.0.1/24"}, []string{"10.99.0.2/24"})
	s.moon.Address("10.1.0.1/24")
	sun.Address("10.2.0.1/24")
	s.moon.Must("ip", "route", "add", "10.2.0.0/24", "via", "10.99.0.2")
	sun.Must("ip", "route", "add", "10.1.0.0/24", "via", "10.99.0.1")
	sun.Charon("").Load(sunConf)
	s.ours = s.moon.Culvert(moonConf)
	bridge, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { bridge.Close() })
	s.bridge = bridge
	go s.carry()
	return s
}

// carry brings connections to the page on moon.
func (s *site) carry() {
	for {
		near, err := s.bridge.Accept()
		if err != nil {
			return
		}
		go func() {
			defer near.Close()
			var far net.Conn
			err := s.moon.Inside(func() (err error) {
				far, err = net.Dial("tcp", *s.page.Load())
				return err
			})
			if err != nil {
				return
			}
			defer far.Close()
			go func() {
				io.Copy(far, near)
				far.Close()
			}()
			io.Copy(near, far)
		}()
	}
}

// web asks the daemon for the address of its page, and returns that of the bridge.
func (s *site) web(context.Context) (any, error) {
	out, err := s.ours.Try("web", "--json")
	if err != nil {
		return nil, err
	}
	var w api.Web
	if err := json.Unmarshal([]byte(out), &w); err != nil {
		return nil, err
	}
	u, err := url.Parse(w.URL)
	if err != nil {
		return nil, err
	}
	s.page.Store(&u.Host)
	return strings.Replace(w.URL, u.Host, s.bridge.Addr().String(), 1), nil
}

// levers are what the browser's tests do to the site.
func (s *site) levers() levers {
	return levers{
		"web":        s.web,
		"ping":       func(context.Context) (any, error) { return s.moon.Reaches("10.1.0.1", "10.2.0.1"), nil },
		"status":     func(context.Context) (any, error) { return s.ours.Status(), nil },
		"end-site":   func(context.Context) (any, error) { s.ours.Stop(); return nil, nil },
		"begin-site": func(context.Context) (any, error) { s.ours = s.moon.Culvert(moonConf); return nil, nil },
	}
}
