package daemon

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"culvert/api"
	"culvert/dataplane"
	"culvert/explain"
	"culvert/ike"
	"culvert/keylog"
)

// A keyring takes keys to the folder of daemon.key_log and to those who export keys. It is safe for concurrent use.
type keyring struct {
	log *keylog.Log // nil: there is no folder

	mu      sync.Mutex
	exports []*keyExport
}

// A keyExport is somebody who gets keys as they are made.
type keyExport struct {
	connection string // ""; all
	lines      chan keylog.Line
}

// Bounds of exports: of how many at a time, and of lines that wait for one of them.
const (
	maxExports    = 4
	exportBacklog = 4096
)

// wanted tells whether anybody wants keys.
func (k *keyring) wanted() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.log != nil || len(k.exports) > 0
}

// take hands on the keys of a new SA, and clears them. connection is empty while it is not known.
func (k *keyring) take(connection string, lines []keylog.Line) error {
	defer clearLines(lines)
	k.mu.Lock()
	for _, x := range k.exports {
		if x.wants(connection) {
			x.offer(lines)
		}
	}
	k.mu.Unlock()
	return k.log.Write(lines)
}

// wants tells whether keys of a connection are to be exported. Whose an IKE SA is that a peer has begun shows only once it has
// authenticated, and when that fails the keys are wanted most.
func (x *keyExport) wants(connection string) bool {
	return x.connection == "" || connection == "" || x.connection == connection
}

// offer hands over copies, unless too many wait.
func (x *keyExport) offer(lines []keylog.Line) {
	for _, l := range lines {
		l.Text = slices.Clone(l.Text)
		select {
		case x.lines <- l:
		default:
			l.Clear()
		}
	}
}

func clearLines(lines []keylog.Line) {
	for _, l := range lines {
		l.Clear()
	}
}

// open begins an export.
func (k *keyring) open(connection string) (*keyExport, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.exports) >= maxExports {
		return nil, api.NewProblem(http.StatusTooManyRequests, explain.ManageBadRequest, "wait until one ends", "session keys are exported %d times already", maxExports)
	}
	x := &keyExport{connection: connection, lines: make(chan keylog.Line, exportBacklog)}
	k.exports = append(k.exports, x)
	return x, nil
}

// close ends an export.
func (k *keyring) close(x *keyExport) {
	k.mu.Lock()
	k.exports = slices.DeleteFunc(k.exports, func(o *keyExport) bool { return o == x })
	k.mu.Unlock()
	for {
		select {
		case l := <-x.lines:
			l.Clear()
		default:
			return
		}
	}
}

// ikeKeys takes the keys of an IKE SA.
func (e *engine) ikeKeys(a *ike.ExportIKEKeys) {
	if e.keys.wanted() {
		e.report(e.keys.take(connectionName(a.Connection), linesOf(a)), "log keys")
	}
}

// espKeys takes the keys of an ESP SA that is about to be installed.
func (e *engine) espKeys(sa *dataplane.SA) {
	if e.keys.wanted() {
		k := dataplane.KeysOf(sa)
		defer k.Clear()
		e.report(e.keys.take(e.owners.connection(sa.Policy), keylog.ESPLines(&k)), "log keys")
	}
}

func linesOf(a *ike.ExportIKEKeys) []keylog.Line {
	k := keylog.IKE{SPIi: a.SPIi, SPIr: a.SPIr, Suite: a.Suite, Keys: a.Keys}
	return k.Lines()
}

func connectionName(c *ike.Connection) string {
	if c == nil {
		return ""
	}
	return c.Name
}

// living returns the keys of SAs that are there.
func (e *engine) living(ctx context.Context, connection string) (lines []keylog.Line, err error) {
	for _, l := range e.shards {
		err := l.ask(ctx, func() {
			for _, k := range l.shard.Keys() {
				if connection == "" || k.Connection == nil || k.Connection.Name == connection {
					lines = append(lines, linesOf(&k)...)
				}
			}
		})
		if err != nil {
			return lines, err
		}
	}
	if holder, ok := e.backend.(dataplane.KeyHolder); ok {
		for _, k := range holder.Keys() {
			if connection == "" || e.owners.connection(k.Policy) == connection {
				lines = append(lines, keylog.ESPLines(&k)...)
			}
			k.Clear()
		}
	}
	return lines, nil
}

// ExportKeys hands out the keys of SAs that are there, and for a while those of SAs that are made.
func (d *Daemon) ExportKeys(ctx context.Context, r api.KeyRequest, each func(api.KeyLine) error) error {
	if err := d.knows(r.Connection); err != nil {
		return err
	}
	e := d.engine
	x, err := e.keys.open(r.Connection)
	if err != nil {
		return err
	}
	defer e.keys.close(x)
	n := 0
	who := api.CallerOf(ctx).Name
	e.audit(r.Connection, fmt.Sprintf("session keys are handed out to %s for %v", who, r.For()))
	defer func() {
		e.audit(r.Connection, fmt.Sprintf("session keys are handed out to %s no longer: %d lines", who, n))
	}()
	give := func(l keylog.Line) error {
		defer l.Clear()
		n++
		return each(api.KeyLine{Table: l.Table, Line: string(l.Text)})
	}
	return e.export(ctx, r, x, give)
}

// export gives lines until the time of a request is over.
func (e *engine) export(ctx context.Context, r api.KeyRequest, x *keyExport, give func(keylog.Line) error) error {
	living, err := e.living(ctx, r.Connection)
	defer clearLines(living)
	if err != nil {
		return err
	}
	for _, l := range living {
		if err := give(l); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, r.For())
	defer cancel()
	for {
		select {
		case l := <-x.lines:
			if err := give(l); err != nil {
				return err
			}
		case <-ctx.Done():
			if context.Cause(ctx) == context.DeadlineExceeded {
				return nil
			}
			return ctx.Err()
		case <-e.ctx.Done():
			return errStopped
		}
	}
}

// knows refuses a connection that is not configured; none is all.
func (d *Daemon) knows(connection string) error {
	d.mu.Lock()
	cfg := d.config
	d.mu.Unlock()
	if connection != "" && cfg.Connection(connection) == nil {
		return api.NewProblem(http.StatusNotFound, explain.ManageNotFound, "", "there is no connection %q", connection)
	}
	return nil
}

// audit tells log and events about something that opens the traffic to somebody.
func (e *engine) audit(connection, text string) {
	e.tell(api.Event{Connection: connection, Kind: api.EventWarning, Text: text, Problem: api.NewProblem(0, explain.HostKeyExport, "", "%s", text)})
}

// connection names the one that a policy belongs to; "": none of ours.
func (o *owners) connection(id dataplane.PolicyID) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	name, _, _ := strings.Cut(o.names[id], "/")
	return name
}
