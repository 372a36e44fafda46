package ike

import "culvert/wire"

// exchangeRows lists what may arrive in which state, with which payloads, and who handles it. Of several rows for one exchange
// the first whose when matches counts. Payloads that a rule does not name may stand any number of times, and are ignored by
// handlers that do not know them (RFC 7296, Section 2.5). The table never changes.
var exchangeRows = []row{
	{
		name: "IKE_SA_INIT", exchange: wire.ExchangeSAInit, states: in(StateConnecting),
		request:  []rule{{wire.PayloadSA, 1, 1}, {wire.PayloadKE, 1, 1}, {wire.PayloadNonce, 1, 1}},
		response: []rule{{wire.PayloadSA, 1, 1}, {wire.PayloadKE, 1, 1}, {wire.PayloadNonce, 1, 1}},
		respond:  respondInit,
	},
	{
		name: "IKE_INTERMEDIATE", exchange: wire.ExchangeIntermediate, states: in(StateAuthenticating),
		request: []rule{{wire.PayloadKE, 0, 1}}, response: []rule{{wire.PayloadKE, 0, 1}},
		respond: respondIntermediate,
	},
	{
		name: "IKE_AUTH", exchange: wire.ExchangeAuth, states: in(StateAuthenticating),
		request: []rule{{wire.PayloadIDi, 0, 1}, {wire.PayloadIDr, 0, 1}, {wire.PayloadAuth, 0, 1}, {wire.PayloadEAP, 0, 1}, {wire.PayloadCP, 0, 1},
			{wire.PayloadSA, 0, 1}, {wire.PayloadTSi, 0, 1}, {wire.PayloadTSr, 0, 1}},
		response: []rule{{wire.PayloadIDr, 0, 1}, {wire.PayloadAuth, 0, 1}, {wire.PayloadEAP, 0, 1}, {wire.PayloadCP, 0, 1},
			{wire.PayloadSA, 0, 1}, {wire.PayloadTSi, 0, 1}, {wire.PayloadTSr, 0, 1}},
		respond: respondAuth,
	},
	{
		name: "INFORMATIONAL rejecting us", exchange: wire.ExchangeInformational, when: hasNotify(wire.NotifyAuthenticationFailed),
		states:  in(StateAuthenticating, StateEstablished, StateRekeyed, StateClosing),
		request: []rule{{wire.PayloadCP, 0, 1}}, response: []rule{{wire.PayloadCP, 0, 1}},
		respond: respondRejection,
	},
	{
		name: "CREATE_CHILD_SA rekeying a Child SA", exchange: wire.ExchangeCreateChildSA, when: hasNotify(wire.NotifyRekeySA),
		states: in(StateEstablished, StateRekeyed, StateClosing),
		request: []rule{{wire.PayloadSA, 1, 1}, {wire.PayloadNonce, 1, 1}, {wire.PayloadKE, 0, 1},
			{wire.PayloadTSi, 1, 1}, {wire.PayloadTSr, 1, 1}},
		response: []rule{{wire.PayloadSA, 1, 1}, {wire.PayloadNonce, 1, 1}, {wire.PayloadKE, 0, 1},
			{wire.PayloadTSi, 1, 1}, {wire.PayloadTSr, 1, 1}},
		respond: (*SA).respondRekeyChild,
	},
	{
		name: "CREATE_CHILD_SA rekeying the IKE SA", exchange: wire.ExchangeCreateChildSA, when: lacks(wire.PayloadTSi),
		states:   in(StateEstablished, StateRekeyed, StateClosing),
		request:  []rule{{wire.PayloadSA, 1, 1}, {wire.PayloadNonce, 1, 1}, {wire.PayloadKE, 1, 1}},
		response: []rule{{wire.PayloadSA, 1, 1}, {wire.PayloadNonce, 1, 1}, {wire.PayloadKE, 1, 1}},
		respond:  (*SA).respondRekeyIKE,
	},
	{
		name: "CREATE_CHILD_SA", exchange: wire.ExchangeCreateChildSA,
		states: in(StateEstablished, StateRekeyed, StateClosing),
		request: []rule{{wire.PayloadSA, 1, 1}, {wire.PayloadNonce, 1, 1}, {wire.PayloadKE, 0, 1},
			{wire.PayloadTSi, 1, 1}, {wire.PayloadTSr, 1, 1}},
		response: []rule{{wire.PayloadSA, 1, 1}, {wire.PayloadNonce, 1, 1}, {wire.PayloadKE, 0, 1},
			{wire.PayloadTSi, 1, 1}, {wire.PayloadTSr, 1, 1}},
		respond: (*SA).respondNewChild,
	},
	{
		name: "IKE_FOLLOWUP_KE", exchange: wire.ExchangeFollowupKE,
		states:  in(StateEstablished, StateRekeyed, StateClosing),
		request: []rule{{wire.PayloadKE, 1, 1}}, response: []rule{{wire.PayloadKE, 1, 1}},
		respond: (*SA).respondFollowUp,
	},
	{
		name: "INFORMATIONAL", exchange: wire.ExchangeInformational,
		states:  in(StateEstablished, StateRekeyed, StateClosing),
		request: []rule{{wire.PayloadCP, 0, 1}}, response: []rule{{wire.PayloadCP, 0, 1}},
		respond: (*SA).respondInformational,
	},
}

// hasNotify makes a condition of a row.
func hasNotify(t wire.NotifyType) func(*inbound) bool {
	return func(in *inbound) bool {
		_, ok := wire.FindNotify(in.payloads, t)
		return ok
	}
}

// lacks makes a condition of a row.
func lacks(t wire.PayloadType) func(*inbound) bool {
	return func(in *inbound) bool { return count(in.payloads, t) == 0 }
}

// row returns the row for a request, or nil.
func (e *Env) row(in *inbound) *row {
	table := exchangeRows
	if e.table != nil {
		table = e.table
	}
	for i := range table {
		if r := &table[i]; r.exchange == in.Exchange && (r.when == nil || r.when(in)) {
			return r
		}
	}
	return nil
}

// exchangeRow returns a row by name.
func exchangeRow(name string) *row {
	for i := range exchangeRows {
		if r := &exchangeRows[i]; r.name == name {
			return r
		}
	}
	return nil
}
