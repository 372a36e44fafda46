package wire

// ExchangeType says which exchange a message belongs to (RFC 7296, Section 3.1).
type ExchangeType uint8

// Exchange types. The last two are of the private range.
const (
	ExchangeSAInit          ExchangeType = 34
	ExchangeAuth            ExchangeType = 35
	ExchangeCreateChildSA   ExchangeType = 36
	ExchangeInformational   ExchangeType = 37
	ExchangeSessionResume   ExchangeType = 38 // RFC 5723
	ExchangeGSAAuth         ExchangeType = 39 // RFC 9838
	ExchangeGSARegistration ExchangeType = 40
	ExchangeGSARekey        ExchangeType = 41
	ExchangeGSAInbandRekey  ExchangeType = 42
	ExchangeIntermediate    ExchangeType = 43  // RFC 9242
	ExchangeFollowupKE      ExchangeType = 44  // RFC 9370
	ExchangeMEConnect       ExchangeType = 240 // strongSwan, mediation
	ExchangeAltSAInit       ExchangeType = 248 // compact IKE_SA_INIT
)

var exchangeNames = []named[ExchangeType]{
	{ExchangeSAInit, "IKE_SA_INIT"},
	{ExchangeAuth, "IKE_AUTH"},
	{ExchangeCreateChildSA, "CREATE_CHILD_SA"},
	{ExchangeInformational, "INFORMATIONAL"},
	{ExchangeSessionResume, "IKE_SESSION_RESUME"},
	{ExchangeGSAAuth, "GSA_AUTH"},
	{ExchangeGSARegistration, "GSA_REGISTRATION"},
	{ExchangeGSARekey, "GSA_REKEY"},
	{ExchangeGSAInbandRekey, "GSA_INBAND_REKEY"},
	{ExchangeIntermediate, "IKE_INTERMEDIATE"},
	{ExchangeFollowupKE, "IKE_FOLLOWUP_KE"},
	{ExchangeMEConnect, "ME_CONNECT"},
	{ExchangeAltSAInit, "ALT_IKE_SA_INIT"},
}

// String returns the registered name, IKE_SA_INIT for example, or EXCHANGE(n).
func (e ExchangeType) String() string { return nameOf(exchangeNames, "EXCHANGE", e) }
