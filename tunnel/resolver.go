package tunnel

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/miekg/dns"
)

const (
	// dnsPatience is how long one server may take to answer once.
	dnsPatience = 3 * time.Second
	// dnsRounds is how often each server is asked.
	dnsRounds = 2
	// dnsSize is the largest answer over UDP that is asked for; it fits every path.
	dnsSize = 1232
	// dnsAnswers bounds the addresses of a name.
	dnsAnswers = 32
)

// A resolver asks DNS servers through the tunnel (RFC 1035), and nobody else: neither files of the host nor its servers.
type resolver struct {
	servers  func(context.Context) ([]netip.Addr, error)
	dial     func(ctx context.Context, network string, to netip.AddrPort) (net.Conn, error)
	families func() (four, six bool)
}

// LookupHost looks a name up through the tunnel, as net.Resolver.LookupHost does.
func (t *Tunnel) LookupHost(ctx context.Context, host string) ([]string, error) {
	addrs, err := t.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(addrs))
	for i, a := range addrs {
		out[i] = a.String()
	}
	return out, nil
}

// LookupNetIP looks a name up through the tunnel, as net.Resolver.LookupNetIP does; network is ip, ip4 or ip6. Addresses of
// a family that the tunnel does not carry are left out.
func (t *Tunnel) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return literal(network, a.Unmap().WithZone(""))
	}
	if err := t.ready(ctx); err != nil {
		return nil, t.reason(err)
	}
	addrs, err := t.resolver.lookup(ctx, network, host)
	if err != nil {
		return nil, t.reason(err)
	}
	return addrs, nil
}

func literal(network string, a netip.Addr) ([]netip.Addr, error) {
	if network == "ip4" && !a.Is4() || network == "ip6" && !a.Is6() {
		return nil, &net.AddrError{Err: "no address of the family asked for", Addr: a.String()}
	}
	return []netip.Addr{a}, nil
}

// lookup asks for the addresses of both families at the same time.
func (r *resolver) lookup(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if _, ok := dns.IsDomainName(host); !ok || host == "" || len(host) > 254 {
		return nil, &net.DNSError{Err: "not a name", Name: host, IsNotFound: true}
	}
	servers, err := r.servers(ctx)
	if err != nil {
		return nil, err
	}
	if len(servers) == 0 {
		return nil, &net.DNSError{Err: "the gateway has named no DNS server", Name: host}
	}
	four, six := r.families()
	var kinds []uint16
	if four && network != "ip6" {
		kinds = append(kinds, dns.TypeA)
	}
	if six && network != "ip4" {
		kinds = append(kinds, dns.TypeAAAA)
	}
	if len(kinds) == 0 {
		return nil, &net.DNSError{Err: "the tunnel carries no addresses of the family asked for", Name: host}
	}
	return r.gather(ctx, servers, host, kinds)
}

// gather joins the answers to several questions. The addresses of one make up for the failure of another.
func (r *resolver) gather(ctx context.Context, servers []netip.Addr, host string, kinds []uint16) ([]netip.Addr, error) {
	type answer struct {
		addrs []netip.Addr
		err   error
	}
	answers := make([]chan answer, len(kinds))
	for i, kind := range kinds {
		c := make(chan answer, 1)
		answers[i] = c
		go func() {
			addrs, err := r.ask(ctx, servers, host, kind)
			c <- answer{addrs, err}
		}()
	}
	var all []netip.Addr
	var failed error
	for _, c := range answers {
		a := <-c
		all = append(all, a.addrs...)
		if failed == nil || !isNotFound(a.err) {
			failed = a.err
		}
	}
	switch {
	case len(all) > 0:
		return all, nil
	case failed != nil:
		return nil, failed
	}
	return nil, &net.DNSError{Err: "the name has no addresses", Name: host, IsNotFound: true}
}

func isNotFound(err error) bool {
	var e *net.DNSError
	return errors.As(err, &e) && e.IsNotFound
}

// ask puts one question to one server after the other until one of them answers it.
func (r *resolver) ask(ctx context.Context, servers []netip.Addr, host string, kind uint16) ([]netip.Addr, error) {
	question := new(dns.Msg).SetQuestion(dns.Fqdn(host), kind)
	question.SetEdns0(dnsSize, false)
	var failed error
	for range dnsRounds {
		for _, s := range servers {
			reply, err := r.exchange(ctx, netip.AddrPortFrom(s, 53), question)
			if err == nil {
				var addrs []netip.Addr
				if addrs, err = read(reply, host); err == nil || isNotFound(err) {
					return addrs, err
				}
			}
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			failed = &net.DNSError{Err: err.Error(), UnwrapErr: err, Name: host, Server: s.String(), IsTimeout: isTimeout(err)}
		}
	}
	return nil, failed
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// exchange asks over UDP, and over TCP if the answer does not fit (RFC 7766).
func (r *resolver) exchange(ctx context.Context, server netip.AddrPort, question *dns.Msg) (*dns.Msg, error) {
	reply, err := r.over(ctx, "udp", server, question)
	if err == nil && reply.Truncated {
		return r.over(ctx, "tcp", server, question)
	}
	return reply, err
}

func (r *resolver) over(ctx context.Context, network string, server netip.AddrPort, question *dns.Msg) (*dns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, dnsPatience)
	defer cancel()
	conn, err := r.dial(ctx, network, server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	end := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer end()
	q := question.Copy()
	q.Id = dns.Id()
	client := dns.Client{Net: network, UDPSize: dnsSize, Timeout: dnsPatience}
	reply, _, err := client.ExchangeWithConnContext(ctx, q, &dns.Conn{Conn: conn, UDPSize: dnsSize})
	if err == nil && !answers(reply, &q.Question[0]) {
		return nil, errOtherQuestion
	}
	return reply, err
}

var errOtherQuestion = errors.New("the answer is to another question")

// answers tells whether a message is an answer to a question; that its number is right is not enough (RFC 5452, Section 9.1).
func answers(reply *dns.Msg, question *dns.Question) bool {
	if !reply.Response || len(reply.Question) != 1 {
		return false
	}
	q := reply.Question[0]
	return q.Qtype == question.Qtype && q.Qclass == question.Qclass && strings.EqualFold(q.Name, question.Name)
}

// read takes the addresses out of an answer, those of the name itself and of what its aliases stand for.
func read(reply *dns.Msg, host string) ([]netip.Addr, error) {
	switch reply.Rcode {
	case dns.RcodeSuccess:
	case dns.RcodeNameError:
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	default:
		return nil, fmt.Errorf("the server answers %s", dns.RcodeToString[reply.Rcode])
	}
	names := map[string]bool{strings.ToLower(dns.Fqdn(host)): true}
	var addrs []netip.Addr
	for _, record := range reply.Answer {
		if !names[strings.ToLower(record.Header().Name)] || len(addrs) == dnsAnswers {
			continue
		}
		var a netip.Addr
		switch record := record.(type) {
		case *dns.CNAME:
			names[strings.ToLower(record.Target)] = true
		case *dns.A:
			a, _ = netip.AddrFromSlice(record.A.To4())
		case *dns.AAAA:
			a, _ = netip.AddrFromSlice(record.AAAA)
		}
		if a.IsValid() {
			addrs = append(addrs, a)
		}
	}
	return addrs, nil
}
