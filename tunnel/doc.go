// Package tunnel gives Go programs IPsec tunnels of their own: IKEv2, ESP and a TCP/IP stack in the process, without
// privileges, TUN device or daemon.
//
//	t, err := tunnel.Open(ctx, tunnel.Config{File: "/home/carol/office.hcl", Connection: "office"})
//	if err != nil {
//		return err // says what the gateway and we did not agree on
//	}
//	defer t.Close()
//	client := http.Client{Transport: &http.Transport{DialContext: t.DialContext}}
//
// A configuration is the one of culvert up. The program is a client of the gateway: it connects, has the address that the
// gateway gives it (or the inside address of its own), and reaches the networks of the children. Names are looked up through
// the tunnel, with the DNS servers of the gateway. Nothing of the host changes, and other programs do not see the tunnel.
//
// ESP travels in UDP (RFC 3948) from a port that the system chooses, so any number of tunnels exist beside each other, in one
// process and on one host. While a tunnel is down it connects again by itself, until Close.
//
// Errors tell the cause. What IKE says comes as an *api.Problem with a code that culvert explain knows; a tunnel that is not
// up is a *DownError; an address that no child leads to is a *netstack.UnreachableError; names that cannot be found are
// *net.DNSError. They stand behind the *net.OpError that package net would return as well.
package tunnel
