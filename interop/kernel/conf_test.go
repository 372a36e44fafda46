package kernel_test

import (
	"fmt"
	"strings"
)

// confs writes the configurations of both daemons.
func (k link) confs(backend string) (ours, theirs string) {
	local, remote := "10.99.0.1", "10.99.0.2"
	if k.outer6 {
		local, remote = "fd99::1", "fd99::2"
	}
	var ourChildren, theirChildren strings.Builder
	for _, c := range k.children {
		ourChildren.WriteString(c.conf())
		theirChildren.WriteString(c.swan())
	}
	ours = daemonConf(backend) + fmt.Sprintf(ourConnection, local, remote, k.ours, ourChildren.String())
	theirs = fmt.Sprintf(theirConnection, remote, local, k.theirs, theirChildren.String())
	return ours, theirs
}

func daemonConf(backend string) string {
	return fmt.Sprintf(`
daemon {
  dataplane {
    backend = %q
  }
}
`, backend)
}

const ourConnection = `
connection "site" {
  local  {
    address = %q
    id = "moon.example.org"
  }
  remote {
    address = %q
    id = "sun.example.org"
  }
  %s
  %s
}
secret "site" {
  ids = ["moon.example.org", "sun.example.org"]
  psk = "interoperable-and-long-enough"
}
`

const theirConnection = `
connections {
  site {
    version = 2
    local_addrs = %s
    remote_addrs = %s
    %s
    local {
      auth = psk
      id = sun.example.org
    }
    remote {
      auth = psk
      id = moon.example.org
    }
    children {
      %s
    }
  }
}
secrets {
  ike-site {
    id-moon = moon.example.org
    id-sun = sun.example.org
    secret = "interoperable-and-long-enough"
  }
}
`

func (c child) conf() string {
	near, far := c.selectors()
	return fmt.Sprintf(`
  child %q {
    local  = ["%s"]
    remote = ["%s"]
    %s
  }
`, c.name, strings.Join(near, `", "`), strings.Join(far, `", "`), c.ours)
}

func (c child) swan() string {
	near, far := c.selectors()
	return fmt.Sprintf(`
      %s {
        local_ts = %s
        remote_ts = %s
        %s
      }
`, c.name, strings.Join(far, ","), strings.Join(near, ","), c.theirs)
}

// selectors are the addresses of moon and of sun.
func (c child) selectors() (near, far []string) {
	for _, pair := range c.inner {
		near, far = append(near, pair[0]), append(far, pair[1])
	}
	return near, far
}

// plainPair are the networks' own addresses.
var plainPair = [][2]string{{"10.1.0.1", "10.2.0.1"}}
