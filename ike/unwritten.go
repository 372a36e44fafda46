package ike

import (
	"culvert/dataplane"
	"culvert/wire"
)

// The signatures between the initial exchanges and the children; each line goes when its file arrives.
func (sa *SA) firstChildRequest(c *ChildConfig) []wire.Payload { return nil }
func (sa *SA) firstChildRespond(in *inbound) (payloads []wire.Payload, install func()) {
	return nil, nil
}
func (sa *SA) firstChildInstall(in *inbound, c *ChildConfig) error { return nil }
func (sa *SA) configRequest() *wire.Configuration                  { return nil }
func (sa *SA) startLifetimes()                                     {}
func (sa *SA) notice(n dataplane.Notice)                           {}
func (sa *SA) installFailed(ev InstallFailed)                      {}
func (sa *SA) closeChild(c *Child)                                 {}
func (sa *SA) lifetimeTimer(key timerKey)                          {}
func (sa *SA) childCommand(ev Event)                               {}
func (sa *SA) respondNewChild(in *inbound) error                   { return nil }
func (sa *SA) respondRekeyChild(in *inbound) error                 { return nil }
func (sa *SA) respondRekeyIKE(in *inbound) error                   { return nil }
func (sa *SA) respondInformational(in *inbound) error              { return nil }
