// Package radius is the gateway's side of RADIUS, of the network access server: it relays EAP to servers (RFC 2865, 3579) and takes
// their keys (RFC 2548), accounts for sessions (RFC 2866), and obeys requests to change or end them (RFC 5176), over UDP or
// TLS (RFC 6614).
//
//	Proxy        an eap.Server whose conversations go to the servers of a Group
//	Accountant   a queue of accounting requests that a Group acknowledges
//	Authority    a server of Disconnect-Request and CoA-Request
//	Group        servers in order, with failover; each has links, which hold sockets and identifiers
//
// What comes from the network is bounded before it is used, and nothing of it is believed without a proof: every answer to an
// Access-Request has to carry a Message-Authenticator, and ours comes first in every request, so that nobody on the way can
// make one answer into another (the attack known as Blast-RADIUS on the MD5 of the Response Authenticator).
package radius
