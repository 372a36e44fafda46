package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"time"

	"culvert/explain"
	"culvert/secret"
)

// A Webhook is a web server that is told of events.
type Webhook struct {
	Origin
	Name        string
	URL         string
	Events      []string
	Connections []string // of which events are told; empty: all, and events of none
	Secret      secret.Bytes
	Timeout     time.Duration
	Tries       int
	CAs         []CertificateFile // that the server's certificate is from; empty: those of the system
}

// Label returns the name.
func (w *Webhook) Label() string { return w.Name }

// Same tells whether another version means the same.
func (w *Webhook) Same(other *Webhook) bool {
	return w.Name == other.Name && len(differing(w.schema(), other.schema())) == 0
}

// webhookEvents are the kinds of events that may be told; those about single messages are too many.
func webhookEvents() []string {
	return []string{"attempt", "up", "down", "rekeyed", "child-up", "child-rekeyed", "child-down", "failure", "moved", "redirected", "switched", "waiting", "reloaded", "warning"}
}

func newWebhook() *Webhook {
	return &Webhook{Events: []string{"up", "down", "child-up", "child-down", "failure", "warning"}, Timeout: 10 * time.Second, Tries: 4}
}

func (w *Webhook) schema() schema {
	return schema{
		kind: "webhook", label: &w.Name, named: "name", origin: &w.Origin,
		doc: "A web server that is told of events by POST requests with JSON, beside the tunnels and never in their way. docs/hooks.md has their form.",
		options: []option{
			{name: "url", slot: one(&w.URL, webURL()), required: true,
				doc: "Where requests go. Redirects are not followed."},
			{name: "events", slot: many(&w.Events, words(webhookEvents()...)),
				doc: "Kinds of events that are told (docs/logging.md)."},
			{name: "connections", slot: many(&w.Connections, blockName()),
				doc: "Only events of these connections. Empty: all events."},
			{name: "secret", slot: preSharedIn(&w.Secret), rfc: "RFC 2104",
				doc: "Key of the signature in the header `Culvert-Signature`, of at least 16 octets: `file(\"hook.key\")`, `credential(\"hook\")` or the text itself."},
			{name: "timeout", slot: one(&w.Timeout, duration(100*time.Millisecond, time.Minute)),
				doc: "Time that one try may take."},
			{name: "tries", slot: one(&w.Tries, number[int](1, 20)),
				doc: "Tries for one event. The wait after the first one is a second, each further wait twice as long, up to a minute."},
			{name: "ca", slot: many(&w.CAs, certificateFile()),
				doc: "Files with the authorities that the server's certificate is from. Empty: those that the system trusts."},
		},
		finish: w.finish,
	}
}

func (w *Webhook) finish(d *decoder) {
	const shortest = 16
	if w.Given("secret") && len(w.Secret) < shortest {
		d.contradiction(&w.Origin, "secret", "a secret of %d octets can be guessed: give at least %d", len(w.Secret), shortest)
	}
	u, err := url.Parse(w.URL)
	if err != nil || u.Scheme != "http" || loopback(u.Hostname()) {
		return
	}
	if len(w.CAs) > 0 {
		d.contradiction(&w.Origin, "ca", "ca is for https, and the url is one of http")
	}
	d.warn(explain.ConfigClearText, w.span("url"), finding{message: "events leave this host unencrypted", hint: "use https"})
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// webURL reads an address of the web.
func webURL() reader[string] {
	return textual("URL", `a URL such as "https://hooks.example.org/culvert"`, func(s string) (string, error) {
		u, err := url.Parse(s)
		switch {
		case err != nil:
			return "", fmt.Errorf("%q is no URL", s)
		case u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
			return "", errors.New("it does not begin with https:// or http:// and a host")
		case u.User != nil:
			return "", errors.New("it has a user or password in it, which logs and status would show")
		}
		return s, nil
	}, func(s string) string { return s })
}

// checkWebhooks looks up the connections of webhooks.
func (d *decoder) checkWebhooks() {
	for _, w := range d.config.Webhooks {
		for i, name := range w.Connections {
			if d.config.Connection(name) == nil {
				d.report(explain.ConfigReference, w.span(element("connections", i)), finding{
					message: fmt.Sprintf("there is no connection %s", quote(name)), hint: alternatives("connection", name, labels(d.config.Connections))})
			}
		}
	}
}
