package cli

import (
	"bytes"
	"context"
	"net/netip"
	"os"
	"time"

	"github.com/spf13/cobra"

	"culvert/proxy"
	"culvert/secret"
)

// off is the address of a proxy that is not wanted.
const off = "off"

// connecting is what the command line says about a tunnel in the process.
type connecting struct {
	rootless         bool
	config           string
	connection       string
	socks, http      string
	forward, reverse []string
	address, dns     []string
	user, password   string // the latter is a file
	timeout          time.Duration
}

func (a *app) connectCommand() *cobra.Command {
	var c connecting
	cmd := &cobra.Command{
		Use: "connect --rootless [CONNECTION]", Short: "Bring up a tunnel without root, and give programs a way into it",
		Long: `Bring up a tunnel inside of this process, without root, daemon or network device, and lead
programs into it: through a SOCKS5 and an HTTP proxy on this host, and through forwarded
ports, as ssh has them. It works in containers and in CI. The host's own network stays as
it is: only what goes through the proxies and ports is in the tunnel.

The configuration is that of culvert up; one that culvert client exported will do. Names
are looked up behind the tunnel, with the DNS servers of the gateway, so use a proxy that
is sent names: curl --socks5-hostname or socks5h://. When the tunnel goes down it is
brought up again. Ctrl-C closes it and tells the gateway.

The proxies listen on loopback addresses, which every user of this host can reach; with
--user and --password-file they ask who it is, and may listen on other addresses as well.`,
		Example: `  culvert connect --rootless office
  culvert connect --rootless --config ./carol.hcl --forward 8080:intranet:80
  culvert connect --rootless office --reverse 2222:127.0.0.1:22 --http off
  curl --proxy socks5h://127.0.0.1:1080 http://intranet/`,
		Args:              atMostOneConnection,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				c.connection = args[0]
			}
			return a.connect(cmd.Context(), c)
		},
	}
	c.flags(cmd)
	return cmd
}

// flags adds the flags that fill c.
func (c *connecting) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	configFlag(cmd, &c.config)
	f.BoolVar(&c.rootless, "rootless", false, "in this process, without privileges")
	f.StringVar(&c.socks, "socks", "127.0.0.1:1080", "where the SOCKS5 proxy listens; off: nowhere")
	f.StringVar(&c.http, "http", "127.0.0.1:3128", "where the HTTP proxy listens; off: nowhere")
	f.StringArrayVar(&c.forward, "forward", nil, "[ADDRESS:]PORT:HOST:PORT: a port here that leads to a host behind the tunnel; repeatable")
	f.StringArrayVar(&c.reverse, "reverse", nil, "[ADDRESS:]PORT:HOST:PORT: a port in the tunnel that leads to a host on this side; repeatable")
	f.StringSliceVar(&c.address, "address", nil, "our address inside of the tunnel, if the gateway gives none")
	f.StringSliceVar(&c.dns, "dns", nil, "DNS servers behind the tunnel, in place of the gateway's")
	f.StringVar(&c.user, "user", "", "whom the proxies let in")
	f.StringVar(&c.password, "password-file", "", "file whose first line is the password of --user")
	spanVar(f, &c.timeout, "timeout", 3*time.Minute, 0, longestSpan, "time for the first attempt to connect; 0: as long as it takes")
	_ = cmd.MarkFlagFilename("password-file") // fails only without the flag
}

func atMostOneConnection(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usage("%s takes one connection, there is %q as well", cmd.CommandPath(), args[1])
	}
	return nil
}

// check refuses what cannot be meant, before anything is done.
func (c *connecting) check() error {
	switch name := c.connection; {
	case !c.rootless && name == "":
		return usage("connect works without the daemon and needs --rootless; culvert up brings up a connection of the daemon")
	case !c.rootless:
		return usage("connect works without the daemon and needs --rootless; culvert up %s brings up a connection of the daemon", name)
	case (c.user == "") != (c.password == ""):
		return usage("--user and --password-file belong together")
	}
	for _, at := range []string{c.socks, c.http} {
		if err := c.mayListen(at); err != nil {
			return err
		}
	}
	return nil
}

// mayListen refuses a proxy for strangers that asks for no password.
func (c *connecting) mayListen(at string) error {
	if at == off {
		return nil
	}
	addr, err := netip.ParseAddrPort(at)
	switch {
	case err != nil:
		return usage("%q is no address with a port, such as 127.0.0.1:1080, and not off", at)
	case !addr.Addr().IsLoopback() && c.user == "":
		return usage("%s can be reached from other hosts: let the proxy ask for a password with --user and --password-file, or use a loopback address", at)
	}
	return nil
}

// account is whom the proxies let in, or nil for anybody.
func (c *connecting) account() (*proxy.Account, error) {
	if c.user == "" {
		return nil, nil
	}
	data, err := os.ReadFile(c.password)
	if err != nil {
		return nil, usage("--password-file: %v", err)
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) == 0 || len(line) > 255 || len(c.user) > 255 {
		return nil, usage("--user and the first line of --password-file have 1 to 255 octets")
	}
	return &proxy.Account{User: c.user, Password: secret.Bytes(line)}, nil
}

// addressFlag reads the values of a flag.
func addressFlag(flag string, texts []string) ([]netip.Addr, error) {
	var list []netip.Addr
	for _, text := range texts {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return nil, usage("--%s: %q is no IP address", flag, text)
		}
		list = append(list, a.Unmap())
	}
	return list, nil
}

// limited bounds the time of an attempt to connect.
func (c *connecting) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.timeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, c.timeout)
}
