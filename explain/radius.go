package explain

// Codes of RADIUS.
const (
	RadiusNoAnswer   Code = "RADIUS-NO-ANSWER"
	RadiusSecret     Code = "RADIUS-SECRET"
	RadiusUnsigned   Code = "RADIUS-UNSIGNED"
	RadiusRejected   Code = "RADIUS-REJECTED"
	RadiusMalformed  Code = "RADIUS-MALFORMED"
	RadiusAccounting Code = "RADIUS-ACCOUNTING"
	RadiusDisconnect Code = "RADIUS-DISCONNECT"
	RadiusRefused    Code = "RADIUS-REQUEST-REFUSED"
)

// radiusEntries documents the codes of RADIUS.
func radiusEntries() []Entry {
	return []Entry{
		{RadiusNoAnswer, "No RADIUS server answers.",
			"The servers are down, a packet filter is in the way, they do not know the gateway as a client, or the shared secret differs: servers say nothing to strangers, nor to requests whose Message-Authenticator does not fit.",
			"Look whether the server runs and lists the gateway's address among its clients, with the same secret, and whether UDP 1812 and 1813, or TCP 2083, get through. `culvert status` names the silent servers."},
		{RadiusSecret, "The answers of a RADIUS server do not prove themselves.",
			"The shared secret here is not the one that the server has for the gateway, or somebody changes packets on the way.",
			"Set radius.server.secret here and the secret of the client entry on the server to the same value."},
		{RadiusUnsigned, "A RADIUS server answers without a Message-Authenticator.",
			"The server is too old or told not to sign. Without a signature others on the way can turn a rejection into an acceptance (Blast-RADIUS), so the answer is not believed.",
			"Update the server or have it sign its answers; or use RADIUS over TLS."},
		{RadiusRejected, "The RADIUS server rejects the user.",
			"The password is wrong, the user is unknown, locked or out of time, or a rule of the server refuses the connection.",
			"The server's log has the reason; `freeradius -X` shows each step."},
		{RadiusMalformed, "An answer of a RADIUS server cannot be used.",
			"It lacks the EAP message, contradicts itself, holds an attribute of the wrong form, or the client's EAP message is too large for RADIUS.",
			"Capture the packets on the server's side; compare the attributes with those that docs/radius.md lists."},
		{RadiusAccounting, "Accounting records wait or were lost.",
			"The accounting servers do not answer. Records wait in memory; when there is no more room, interim updates are given up first.",
			"Look whether the accounting port (1813) is reachable and the server takes records. What was lost is counted in `culvert status`."},
		{RadiusDisconnect, "A RADIUS server has asked for the session to end.",
			"It sent a Disconnect-Request with the secret of a configured client.",
			"Nothing, if it was meant to. The server's log says who asked."},
		{RadiusRefused, "A request to disconnect or change a session was refused.",
			"It comes from somebody who is not a configured client, does not prove itself, is old or a repetition, or asks for what is not there.",
			"Compare radius.dae with the server: address, secret, Message-Authenticator and Event-Timestamp; look whether both clocks are right."},
	}
}
