package config

import (
	"errors"
	"strings"
	"unicode"
)

// hookOptions are about commands that run when the child comes and goes.
func (c *Child) hookOptions() []option {
	return []option{
		{name: "updown", slot: one(&c.Updown, commandLine()), aka: "updown",
			doc: "Command of the shell that runs when the child comes up and when it ends, with strongSwan's variables: `PLUTO_VERB` and others (docs/hooks.md). It never holds up the child."},
		{name: "host_access", slot: one(&c.HostAccess, boolean()), aka: "hostaccess",
			doc: "Tell the command by `PLUTO_HOST_ACCESS` that the gateway itself may use the tunnel too."},
	}
}

// commandLine reads a command of the shell.
func commandLine() reader[string] {
	const most = 4096
	return textual("command", `a command such as "/usr/local/sbin/updown --quiet"`, func(s string) (string, error) {
		switch {
		case strings.TrimSpace(s) == "":
			return "", errors.New("it is empty")
		case len(s) > most:
			return "", errors.New("it is too long")
		case strings.ContainsFunc(s, unicode.IsControl):
			return "", errors.New("it has control characters; put what takes several lines into a file")
		}
		return s, nil
	}, func(s string) string { return s })
}

// contradictHooks reports options of commands without one.
func (c *Child) contradictHooks(d *decoder) {
	if c.Given("host_access") && c.Updown == "" {
		d.contradiction(&c.Origin, "host_access", "host_access is for the command of updown, and there is none")
	}
}
