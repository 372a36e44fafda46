package route

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// host is the kernel of the network namespace in which it was made.
type host struct {
	config Config
	handle *netlink.Handle
	line   *line     // for rules, which the library knows in part, and for routes, of which there are many
	wall   *wall     // nil without nftables
	left   leftovers // of a predecessor, until ours are in their place
}

// New prepares the network namespace of the calling thread. What a predecessor that crashed left stays until Settled; there
// may be one Plumber in a namespace.
func New(c Config) (*Plumber, error) {
	if c.Guard == "" {
		c.Guard = "culvert"
	}
	h, err := openHost(c)
	if err != nil {
		return nil, fmt.Errorf("route: %w", err)
	}
	p := newPlumber(c, h)
	p.strict = strictFilter()
	if h.wall, err = newWall(c); err != nil {
		p.note(Warning{WarnNoGuard, err})
	}
	if h.left, err = h.leftovers(); err != nil {
		return nil, errors.Join(fmt.Errorf("route: leftovers: %w", err), h.close())
	}
	p.avoid = h.left.tables()
	if p.stopping, err = p.watch(h.wall != nil); err != nil {
		return nil, errors.Join(fmt.Errorf("route: %w", err), h.close())
	}
	return p, nil
}

func openHost(c Config) (*host, error) {
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	line, err := openLine()
	if err != nil {
		handle.Close()
		return nil, err
	}
	return &host{config: c, handle: handle, line: line}, nil
}

func (h *host) close() error {
	h.handle.Close()
	err := h.line.close()
	if h.wall != nil {
		err = errors.Join(err, h.wall.close())
	}
	return err
}

// settled removes what a predecessor left.
func (h *host) settled() error {
	err := h.sweep(h.left)
	h.left = leftovers{}
	return err
}

func (h *host) setGuard(rules []guardRule) error {
	if h.wall == nil {
		return nil
	}
	return h.wall.set(rules)
}

func (h *host) guarded() bool { return h.wall == nil || h.wall.whole() }

func (h *host) refused() (uint64, error) {
	if h.wall == nil {
		return 0, nil
	}
	return h.wall.dropped()
}

func (h *host) linkMTU(remote netip.Addr) int {
	routes, err := h.handle.RouteGetWithOptions(remote.AsSlice(), &netlink.RouteGetOptions{Mark: h.config.Mark})
	if err != nil || len(routes) == 0 {
		return 0
	}
	link, err := h.handle.LinkByIndex(routes[0].LinkIndex)
	if err != nil {
		return 0
	}
	return min(link.Attrs().MTU, maxPacket)
}

// maxPacket is the longest IP packet, jumbograms apart.
const maxPacket = 65535

// strictFilter reports whether any interface drops packets whose way back leads through another.
func strictFilter() bool {
	const dir = "/proc/sys/net/ipv4/conf"
	interfaces, _ := os.ReadDir(dir)
	for _, i := range interfaces {
		b, _ := os.ReadFile(dir + "/" + i.Name() + "/rp_filter")
		if strings.TrimSpace(string(b)) == "1" {
			return true
		}
	}
	return false
}
