package doctor

import (
	"context"
	"fmt"
	"strings"
)

func checkNames(ctx context.Context, e *examination) {
	asked := map[string]bool{}
	for _, c := range e.connections() {
		for _, name := range c.Remote.Names() {
			if !asked[name] {
				asked[name] = true
				e.name(ctx, c.Name, name)
			}
		}
	}
	if len(asked) == 0 {
		e.ok("no peer is configured by name")
	}
}

func (e *examination) name(ctx context.Context, connection, name string) {
	found, err := e.Host.Lookup(ctx, name)
	if err != nil || len(found) == 0 {
		e.fail("look at /etc/resolv.conf, and ask by hand: `getent ahosts "+name+"`", "%s, the peer of %s, cannot be resolved: %v", name, connection, err)
		return
	}
	var list []string
	for _, a := range found {
		list = append(list, fmt.Sprint(a.Unmap()))
	}
	e.ok("%s is %s", name, strings.Join(list, ", "))
}
