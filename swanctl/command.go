package swanctl

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"culvert/swanctl/settings"
)

// A Command is one of VICI that is about configuration or credentials.
type Command struct {
	Name    string
	Changes bool // the Setup; the others only ask
	// do returns the Setup as it is afterwards, and what the reply has beside success.
	do func(s Setup, request, reply *settings.Section) (Setup, error)
}

// Commands lists them all.
func Commands() []Command {
	return []Command{
		{"load-conn", true, loadConnections}, {"unload-conn", true, unloadConnection}, {"get-conns", false, getConnections},
		{"load-cert", true, loadCertificate}, {"load-key", true, loadKey}, {"unload-key", true, unloadKey}, {"get-keys", false, getKeys},
		{"load-token", true, loadToken}, {"load-shared", true, loadShared}, {"unload-shared", true, unloadShared}, {"get-shared", false, getShared},
		{"clear-creds", true, clearCredentials}, {"flush-certs", false, flushCertificates},
		{"load-pool", true, loadPools}, {"unload-pool", true, unloadPool},
		{"load-authority", true, loadAuthorities}, {"unload-authority", true, unloadAuthority}, {"get-authorities", false, getAuthorities},
	}
}

// Adds tells whether the command adds to what is there, or puts one thing in the place of another, so that what it loads can be
// looked at by itself.
func (c Command) Adds() bool { return strings.HasPrefix(c.Name, "load-") }

// Beside returns the Setup without the connections that a request does not name.
func (s Setup) Beside(request *settings.Section) Setup {
	named := make(map[string]bool)
	for _, i := range sections(request) {
		named[i.Name] = true
	}
	s.Connections = slices.DeleteFunc(slices.Clone(s.Connections), func(o Object) bool { return !named[o.Name] })
	return s
}

// Find returns the command of a name.
func Find(name string) (Command, bool) {
	all := Commands()
	i := slices.IndexFunc(all, func(c Command) bool { return c.Name == name })
	if i < 0 {
		return Command{}, false
	}
	return all[i], true
}

// Run does the command on a Setup, which it leaves as it is. The reply is what a client gets if the Setup can be used. The error
// is why the request is refused, in the words of charon where it has some.
func (c Command) Run(s Setup, request *settings.Section) (Setup, *settings.Section, error) {
	reply := new(settings.Section)
	if c.Changes || c.Name == "flush-certs" {
		reply.Add("success", "yes")
	}
	next, err := c.do(s, request, reply)
	if err == nil && c.Adds() {
		after := next.extent()
		err = after.tooMuch(s.extent())
	}
	if err != nil {
		return s, nil, err
	}
	return next, reply, nil
}

// Failed is the reply to a request that is refused.
func Failed(err error) *settings.Section {
	return new(settings.Section).Add("success", "no").Add("errmsg", err.Error())
}

// without returns the list without the object of a name.
func without(all []Object, name string) ([]Object, bool) {
	i := slices.IndexFunc(all, func(o Object) bool { return o.Name == name })
	if i < 0 {
		return all, false
	}
	return slices.Delete(slices.Clone(all), i, i+1), true
}

// with returns a list of objects with more of them, each in the place of the one of its name or at the end.
func with(all, more []Object) []Object {
	all = append(make([]Object, 0, len(all)+len(more)), all...)
	at := make(map[string]int, len(all))
	for i, o := range all {
		at[o.Name] = i
	}
	for _, o := range more {
		if place, there := at[o.Name]; there {
			all[place] = o
			continue
		}
		at[o.Name] = len(all)
		all = append(all, o)
	}
	return all
}

// loaded adds the sections of a request to a list of objects.
func loaded(all []Object, request *settings.Section) []Object {
	var more []Object
	for _, i := range sections(request) {
		more = append(more, Object{Name: i.Name, Section: i.Section, Loader: LoadedByVICI, size: perItem + len(i.Name) + sizeOf(i.Section)})
	}
	return with(all, more)
}

func loadConnections(s Setup, request, _ *settings.Section) (Setup, error) {
	s.Connections = loaded(s.Connections, request)
	return s, nil
}

func loadPools(s Setup, request, _ *settings.Section) (Setup, error) {
	s.Pools = loaded(s.Pools, request)
	return s, nil
}

func loadAuthorities(s Setup, request, _ *settings.Section) (Setup, error) {
	s.Authorities = loaded(s.Authorities, request)
	return s, nil
}

func unloadConnection(s Setup, request, _ *settings.Section) (Setup, error) {
	err := unload(&s.Connections, request, "missing connection name", "connection '%s' not found for unloading")
	return s, err
}

func unloadPool(s Setup, request, _ *settings.Section) (Setup, error) {
	err := unload(&s.Pools, request, "missing pool name", "pool '%s' not found")
	return s, err
}

func unloadAuthority(s Setup, request, _ *settings.Section) (Setup, error) {
	err := unload(&s.Authorities, request, "unload: missing authority name", "unload: authority '%s' not found")
	return s, err
}

// unload takes the object that a request names out of a list.
func unload(all *[]Object, request *settings.Section, unnamed, unknown string) error {
	name, given := request.Get("name", settings.Value)
	if !given {
		return errors.New(unnamed)
	}
	rest, found := without(*all, string(name.Value))
	if !found {
		return fmt.Errorf(unknown, name.Value)
	}
	*all = rest
	return nil
}

func getConnections(s Setup, _, reply *settings.Section) (Setup, error) {
	reply.AddList("conns", labels(s.Connections)...)
	return s, nil
}

func getAuthorities(s Setup, _, reply *settings.Section) (Setup, error) {
	reply.AddList("authorities", labels(s.Authorities)...)
	return s, nil
}

func labels(all []Object) []string {
	names := make([]string, len(all))
	for i, o := range all {
		names[i] = o.Name
	}
	return names
}
