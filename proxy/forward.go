package proxy

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
)

// Forward takes connections of l to a target in the network.
func (s *Server) Forward(ctx context.Context, l net.Listener, target string) error {
	return s.serve(ctx, l, func(ctx context.Context, c net.Conn) {
		if out, err := s.dial(ctx, target); err == nil {
			join(ctx, c, out, s.limits().HalfOpen)
		}
	})
}

// Reverse takes connections of l, which listens in the network, to a target on this host's side.
func (s *Server) Reverse(ctx context.Context, l net.Listener, target string) error {
	return s.serve(ctx, l, func(ctx context.Context, c net.Conn) {
		dialer := net.Dialer{Timeout: s.limits().Dial}
		out, err := dialer.DialContext(ctx, "tcp", target)
		s.report(target, err)
		if err == nil {
			join(ctx, c, out, s.limits().HalfOpen)
		}
	})
}

// A Mapping is a port that leads somewhere else.
type Mapping struct{ Listen, Target string }

// ParseMapping reads [ADDRESS:]PORT:HOST:PORT, as ssh has it; addresses of IPv6 stand in brackets. Without an address the
// port is listened to at otherwise.
func ParseMapping(text, otherwise string) (Mapping, error) {
	parts, err := fields(text)
	if err != nil {
		return Mapping{}, err
	}
	if len(parts) == 3 {
		parts = append([]string{otherwise}, parts...)
	}
	if len(parts) != 4 || parts[2] == "" {
		return Mapping{}, fmt.Errorf("%q is not [ADDRESS:]PORT:HOST:PORT", text)
	}
	for _, port := range []string{parts[1], parts[3]} {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return Mapping{}, fmt.Errorf("%q in %q is no port", port, text)
		}
	}
	return Mapping{net.JoinHostPort(parts[0], parts[1]), net.JoinHostPort(parts[2], parts[3])}, nil
}

// fields cuts at colons outside of brackets, which it takes away.
func fields(text string) ([]string, error) {
	var list []string
	for {
		field, rest, more := strings.Cut(text, ":")
		if strings.HasPrefix(text, "[") {
			var closed bool
			if field, rest, closed = strings.Cut(text[1:], "]"); !closed {
				return nil, fmt.Errorf("%q lacks a closing bracket", text)
			}
			if rest, more = strings.CutPrefix(rest, ":"); !more && rest != "" {
				return nil, fmt.Errorf("there is %q behind a bracket", rest)
			}
		}
		list = append(list, field)
		if !more {
			return list, nil
		}
		text = rest
	}
}
