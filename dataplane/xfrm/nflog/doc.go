// Package nflog has the kernel show packets before and behind its ESP, by rules of nftables that log them to a process:
//
//	arriving   ESP, in UDP or not, as this host takes it: the hook input, where fragments are whole
//	           what came out of an SA:                    the hook prerouting, which it passes once more
//	leaving    what is about to go into an SA:            the hook postrouting, where its route has the SA
//	           ESP, in UDP or not:                        the hook postrouting, which it passes once more
//
// An AF_PACKET socket would show the wire as it is, but neither what is about to be sealed nor what transport mode opens. The
// kernel knows the SA of a packet inside of ESP (the expression xfrm); it is told by its SPI, which stands in the packet's mark
// while it is logged, and by nobody seen elsewhere: the rule puts the mark back.
//
// The rules are in a table that belongs to the socket which made it, and go with it, however the process ends. It takes Linux 5.12.
package nflog
