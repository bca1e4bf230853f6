package inventory

// tables is the whole format, table by table, as people write it. Decoding, the
// finding of unknown keys and Schema all work from these structs and their
// tags, so a key is added here and nowhere else.
type tables struct {
	Version  *int64          `toml:"version" jsonschema:"required,minimum=1,maximum=1" jsonschema_description:"Version of the format: 1."`
	Defaults defaultsTable   `toml:"defaults" jsonschema_description:"What holds for every record that says nothing else."`
	Verify   verifyTable     `toml:"verify" jsonschema_description:"Who is asked whether a change has arrived."`
	Check    checkTable      `toml:"check" jsonschema_description:"Settings of the ACME HTTP-01 checks, for tests and private authorities."`
	Backup   backupTable     `toml:"backup" jsonschema_description:"Copies of the zones in the state folder."`
	Provider []providerTable `toml:"provider" jsonschema_description:"What holds the zones: a vendor's API, a DNS server, or files."`
	Host     []hostTable     `toml:"host" jsonschema_description:"Machines, so that records can name them instead of addresses."`
	Zone     []zoneTable     `toml:"zone" jsonschema_description:"A zone, or one view of it, with the records that are wanted in it."`
	Window   []windowTable   `toml:"window" jsonschema_description:"Change windows and freezes. A deny wins over an allow."`
	Failover []failoverTable `toml:"failover" jsonschema_description:"Runbooks that move records from a primary host to a standby."`
	Vantage  []vantageTable  `toml:"vantage" jsonschema_description:"Other machines that fetch a challenge for the ACME checks, as an authority does from several places."`
	Notify   []notifyTable   `toml:"notify" jsonschema_description:"Where events are told."`
}

type defaultsTable struct {
	TTL       *span   `toml:"ttl" jsonschema_description:"TTL at rest. Default: 1h."`
	ChangeTTL *span   `toml:"change_ttl" jsonschema_description:"TTL while a change is under way, raised to the provider's minimum. Default: 5m."`
	Settle    *span   `toml:"settle" jsonschema_description:"How long the new state must stay good before the TTL goes up again. Default: 10m."`
	Strategy  *string `toml:"strategy" jsonschema:"enum=staged,enum=direct" jsonschema_description:"staged: the whole timed sequence. direct: write at once, no TTL sequence. Default: staged."`

	OnFailure  *string `toml:"on_failure" jsonschema:"enum=rollback,enum=hold" jsonschema_description:"Where a check behind the switch fails. rollback: the old addresses come back at once. hold: all stays as it is, at the low TTL, until a person decides. Default: rollback."`
	MaxPlanAge *span   `toml:"max_plan_age" jsonschema_description:"How old a saved plan may be when it is applied. Default: no bound."`
}

type verifyTable struct {
	Require  *quorum         `toml:"require" jsonschema_description:"How many of the resolvers that answered the baseline must agree: all, majority, or a number. Default: all."`
	Timeout  *span           `toml:"timeout" jsonschema_description:"Limit of each wait for agreement and each verification. Default: 10m."`
	Rate     *int64          `toml:"rate" jsonschema:"minimum=0" jsonschema_description:"Most queries per second to one server, to be polite towards it. Default: 0, no bound."`
	Resolver []resolverTable `toml:"resolver" jsonschema_description:"A recursive resolver to ask. Without one, no resolver is asked."`
}

type resolverTable struct {
	Name     string  `toml:"name" jsonschema:"required" jsonschema_description:"Name for messages; unique."`
	Address  string  `toml:"address" jsonschema:"required" jsonschema_description:"IP address with or without a port: 192.0.2.53, [2001:db8::53]:53. For https it may be a URL."`
	Protocol *string `toml:"protocol" jsonschema:"enum=udp,enum=tcp,enum=tls,enum=https" jsonschema_description:"udp, tcp, tls (DoT) or https (DoH). Default: udp."`
}

type checkTable struct {
	HTTPPort      *int64 `toml:"http_port" jsonschema:"minimum=1,maximum=65535" jsonschema_description:"Port that the HTTP-01 challenge is fetched from. Default: 80."`
	AllowReserved *bool  `toml:"allow_reserved" jsonschema_description:"Permit addresses that no public authority connects to, and new ones that no server can have, without a warning. Default: false."`

	HTTPSPort    *int64          `toml:"https_port" jsonschema:"minimum=1,maximum=65535" jsonschema_description:"Port that certificates are served at, and that a redirect of the challenge may lead to. Default: 443."`
	CA           *string         `toml:"ca" jsonschema_description:"Certificate authority that issues: letsencrypt, letsencrypt-staging, zerossl, google, google-staging, sslcom, or the https URL of an ACME directory. Default: letsencrypt."`
	CAIdentities []string        `toml:"ca_identities" jsonschema_description:"Names by which CAA records permit the authority. Default: those of ca, or of its directory."`
	CARoots      *string         `toml:"ca_roots" jsonschema_description:"File of certificates (PEM) that are trusted in place of the system's, for a private authority. A relative path starts at the inventory's folder."`
	AccountURI   *string         `toml:"accounturi" jsonschema_description:"URL of the ACME account that issues, which CAA records may name."`
	EABKID       *string         `toml:"eab_kid" jsonschema_description:"Reference to the key id of the account that the authority has given, where it opens ACME accounts for its customers alone (external account binding). Default: the first that is set of EAB_KID, LEGO_EAB_KID, each also with _FILE."`
	EABHMACKey   *string         `toml:"eab_hmac_key" jsonschema_description:"Reference to the MAC key that goes with it, in base64. Default: the first that is set of EAB_HMAC_KEY, LEGO_EAB_HMAC, each also with _FILE."`
	Ready        *span           `toml:"ready" jsonschema_description:"How long after the agreement of the authoritative servers the authority sees a change. Default: 60s for Let's Encrypt; of others it is not known, and they count as seeing it when everybody does."`
	Challenge    *challengeTable `toml:"challenge" jsonschema_description:"Where a token is placed so that the ACME client's web server serves it, for hosts that do not say so themselves."`
}

type challengeTable struct {
	Webroot *string  `toml:"webroot" jsonschema_description:"Folder that the web server serves: a token is a file below .well-known/acme-challenge in it. A relative path starts at the inventory's folder."`
	Command []string `toml:"command" jsonschema_description:"Program with its arguments, run without a shell as COMMAND plant NAME, with the token's text on its input, and COMMAND remove NAME. A relative path starts at the inventory's folder."`
	Listen  *string  `toml:"listen" jsonschema_description:"IP address with a port at which dnsplan itself serves tokens while it places them: 192.0.2.1:80, [::]:80."`
}

type backupTable struct {
	Keep *span `toml:"keep" jsonschema_description:"How long copies are kept: with each new one, older ones of its zone are deleted, but never the newest, nor one of a run that has not ended. Default: all are kept."`
}

type providerTable struct {
	Name         string  `toml:"name" jsonschema:"required" jsonschema_description:"Name that zones refer to; unique."`
	Type         string  `toml:"type" jsonschema:"required" jsonschema_description:"Kind of provider."`
	APIToken     *string `toml:"api_token" jsonschema_description:"cloudflare: reference to the API token. Default: the first that is set of CLOUDFLARE_API_TOKEN, CF_DNS_API_TOKEN, each also with _FILE."`
	ZoneToken    *string `toml:"zone_token" jsonschema_description:"cloudflare: reference to a second token that may list zones, where api_token may not. Default: CF_ZONE_API_TOKEN, also with _FILE, if it is set."`
	BaseURL      *string `toml:"base_url" jsonschema_description:"cloudflare, namesilo, cloudns: another address of the API, for tests."`
	HostedZoneID *string `toml:"hosted_zone_id" jsonschema_description:"route53: the hosted zone, where the name alone does not tell. Credentials come from the AWS SDK's own chain."`
	Endpoint     *string `toml:"endpoint" jsonschema_description:"route53: another address of the API, for tests. ovh: the region, ovh-eu, ovh-ca or ovh-us. Default there: ovh-eu."`
	Server       *string `toml:"server" jsonschema_description:"rfc2136: the primary server, host or host:port. Required."`
	TSIGName     *string `toml:"tsig_name" jsonschema_description:"rfc2136: name of the TSIG key."`
	TSIGAlgo     *string `toml:"tsig_algorithm" jsonschema:"enum=hmac-sha256,enum=hmac-sha384,enum=hmac-sha512" jsonschema_description:"rfc2136: algorithm of the TSIG key. Default: hmac-sha256."`
	TSIGSecret   *string `toml:"tsig_secret" jsonschema_description:"rfc2136: reference to the TSIG key's secret, in base64."`
	ServerURL    *string `toml:"server_url" jsonschema_description:"powerdns: address of the API. Required."`
	ServerID     *string `toml:"server_id" jsonschema_description:"powerdns: id of the server within the API. Default: localhost."`
	APIKey       *string `toml:"api_key" jsonschema_description:"powerdns, namesilo: reference to the API key. Default: PDNS_API_KEY, NAMESILO_API_KEY, each also with _FILE."`
	Dir          *string `toml:"dir" jsonschema_description:"zonefile (required), sandbox: folder of files named ZONE.zone. A relative path starts at the inventory's folder."`

	APIUser           *string `toml:"api_user" jsonschema_description:"glesys: reference to the user. Default: GLESYS_API_USER, also with _FILE."`
	AuthID            *string `toml:"auth_id" jsonschema_description:"cloudns: reference to the id of the API user. Default: CLOUDNS_AUTH_ID, also with _FILE, if it is set."`
	SubAuthID         *string `toml:"sub_auth_id" jsonschema_description:"cloudns: reference to the id of the API sub-user, in place of auth_id. Default: CLOUDNS_SUB_AUTH_ID, also with _FILE, if it is set."`
	AuthPassword      *string `toml:"auth_password" jsonschema_description:"cloudns: reference to the password of the API user. Default: CLOUDNS_AUTH_PASSWORD, also with _FILE."`
	ApplicationKey    *string `toml:"application_key" jsonschema_description:"ovh: reference to the application key. Default: OVH_APPLICATION_KEY, also with _FILE."`
	ApplicationSecret *string `toml:"application_secret" jsonschema_description:"ovh: reference to the application secret. Default: OVH_APPLICATION_SECRET, also with _FILE."`
	ConsumerKey       *string `toml:"consumer_key" jsonschema_description:"ovh: reference to the consumer key. Default: OVH_CONSUMER_KEY, also with _FILE."`
	AccountName       *string `toml:"account_name" jsonschema_description:"transip: reference to the account's name. Default: TRANSIP_ACCOUNT_NAME, also with _FILE."`
	PrivateKeyFile    *string `toml:"private_key_file" jsonschema_description:"transip: file with the private key of the API, readable by dnsplan alone. Required. A relative path starts at the inventory's folder."`
}

type hostTable struct {
	Name       string   `toml:"name" jsonschema:"required" jsonschema_description:"Name that records and failovers refer to; unique."`
	IPv4       []string `toml:"ipv4" jsonschema_description:"IPv4 addresses."`
	IPv6       []string `toml:"ipv6" jsonschema_description:"IPv6 addresses."`
	ACMEClient bool     `toml:"acme_client" jsonschema_description:"An ACME client runs here. Default: false."`

	Challenge *challengeTable `toml:"challenge" jsonschema_description:"Where a token is placed so that this host serves it. Default: challenge of [check], else, of a name whose hosts have none, that of the only host with acme_client."`
}

type zoneTable struct {
	Name     string        `toml:"name" jsonschema:"required" jsonschema_description:"Name of the zone."`
	Provider string        `toml:"provider" jsonschema:"required" jsonschema_description:"Name of the provider that holds it."`
	View     string        `toml:"view" jsonschema_description:"Split horizon: the same zone may appear once for each view, each with a provider of its own."`
	Servers  []string      `toml:"servers" jsonschema_description:"Authoritative servers to ask, by address. Default: every address of the zone's NS set. An empty list asks nobody."`
	Prune    bool          `toml:"prune" jsonschema_description:"Delete live A and AAAA sets that the inventory lacks. Default: false."`
	Ignore   []string      `toml:"ignore" jsonschema_description:"Names never touched and never reported. * stays in one label, ** crosses dots, @ is the apex, \\* is the wildcard name."`
	Protect  []string      `toml:"protect" jsonschema_description:"Names whose change needs --allow-protected; patterns as in ignore."`
	Record   []recordTable `toml:"record" jsonschema_description:"A wanted name with its addresses."`
}

type recordTable struct {
	Name         string   `toml:"name" jsonschema:"required" jsonschema_description:"@ for the apex, a name relative to the zone, or an absolute name with its final dot."`
	A            []string `toml:"a" jsonschema_description:"IPv4 addresses."`
	AAAA         []string `toml:"aaaa" jsonschema_description:"IPv6 addresses."`
	Hosts        []string `toml:"hosts" jsonschema_description:"Hosts whose addresses are wanted, in place of a and aaaa."`
	TTL          *span    `toml:"ttl" jsonschema_description:"TTL at rest. Default: ttl of [defaults]."`
	Proxied      *bool    `toml:"proxied" jsonschema_description:"cloudflare: whether the CDN answers. Silent: keep what is live."`
	ACME         string   `toml:"acme" jsonschema:"enum=http-01,enum=dns-01,enum=none" jsonschema_description:"How certificates for the name are validated."`
	TLS          string   `toml:"tls" jsonschema:"enum=required" jsonschema_description:"required: a new address is switched to only once it serves a certificate for the name that clients trust."`
	Group        string   `toml:"group" jsonschema_description:"Names of one group move together."`
	RoundRobin   bool     `toml:"round_robin" jsonschema_description:"Permit more than one address of a family. Default: false."`
	ReplaceCNAME bool     `toml:"replace_cname" jsonschema_description:"Permit deleting a live CNAME at the name. Default: false."`
	Owner        string   `toml:"owner" jsonschema_description:"Who answers for the name."`
	Comment      string   `toml:"comment" jsonschema_description:"A remark."`

	Probe *recordProbeTable `toml:"probe" jsonschema_description:"What the service behind the addresses is asked, before the switch and behind it."`
}

type recordProbeTable struct {
	Type    string  `toml:"type" jsonschema:"required,enum=tcp,enum=http,enum=tls" jsonschema_description:"tcp: takes a connection. http: answers a GET. tls: has a certificate that is valid for the name, trusted and not expired."`
	Port    *int64  `toml:"port" jsonschema:"minimum=1,maximum=65535" jsonschema_description:"Port. Default: 80 for http, 443 for https and tls; tcp needs one."`
	Scheme  *string `toml:"scheme" jsonschema:"enum=http,enum=https" jsonschema_description:"http: what is spoken; https wants a valid certificate too. Default: http."`
	Host    *string `toml:"host" jsonschema_description:"http, tls: the name that is asked for. Default: the record's; a wildcard needs one."`
	Path    *string `toml:"path" jsonschema_description:"http: what is fetched; redirects are not followed. Default: /."`
	Status  *status `toml:"status" jsonschema_description:"http: the status that must come, as 200 or 2xx. Default: any 2xx or 3xx."`
	Body    *string `toml:"body" jsonschema_description:"http: text that must stand in the answer."`
	CA      *string `toml:"ca" jsonschema_description:"tls, https: file of certificates (PEM) that are trusted in place of the system's. A relative path starts at the inventory's folder."`
	Timeout *span   `toml:"timeout" jsonschema_description:"Limit of one attempt. Default: 5s."`
}

type windowTable struct {
	Name     string   `toml:"name" jsonschema:"required" jsonschema_description:"Name for messages; unique."`
	Kind     string   `toml:"kind" jsonschema:"required,enum=allow,enum=deny" jsonschema_description:"allow: a change window. deny: a freeze."`
	Cron     string   `toml:"cron" jsonschema:"required" jsonschema_description:"When it opens, in the five fields of crontab."`
	Duration *span    `toml:"duration" jsonschema:"required" jsonschema_description:"How long it stays open."`
	Timezone *string  `toml:"timezone" jsonschema_description:"IANA time zone of the schedule. Default: UTC."`
	Zones    []string `toml:"zones" jsonschema_description:"Zones it holds for; * alone is every zone. Default: every zone."`
}

type failoverTable struct {
	Name     string      `toml:"name" jsonschema:"required" jsonschema_description:"Name of the runbook; unique."`
	Group    string      `toml:"group" jsonschema_description:"Group of records that moves; or records."`
	Records  []string    `toml:"records" jsonschema_description:"Absolute names that move; or group."`
	Primary  string      `toml:"primary" jsonschema:"required" jsonschema_description:"Host that serves when all is well."`
	Standby  []string    `toml:"standby" jsonschema:"required" jsonschema_description:"Hosts to move to, in order of preference."`
	TTL      *span       `toml:"ttl" jsonschema_description:"TTL that the records need so that a failover is quick."`
	Failback *string     `toml:"failback" jsonschema:"enum=manual,enum=auto" jsonschema_description:"Whether the return waits for a person. Default: manual."`
	Probe    *probeTable `toml:"probe" jsonschema_description:"How a host is found well or ill."`
}

type probeTable struct {
	URL       string `toml:"url" jsonschema:"required" jsonschema_description:"What to fetch; {ip} is the host's address. The Host header is the record's name."`
	Every     *span  `toml:"every" jsonschema_description:"Time between two probes. Default: 10s."`
	Failures  *int64 `toml:"failures" jsonschema:"minimum=1" jsonschema_description:"Failures in a row that make a host ill. Default: 3."`
	Successes *int64 `toml:"successes" jsonschema:"minimum=1" jsonschema_description:"Successes in a row that make it well again. Default: 5."`
}

type vantageTable struct {
	Name    string   `toml:"name" jsonschema:"required" jsonschema_description:"Name for messages; unique."`
	URL     *string  `toml:"url" jsonschema_description:"Where it is asked by POST, as by dnsplan vantage --listen; or command."`
	Command []string `toml:"command" jsonschema_description:"Program and arguments that take a request on standard input and answer on standard output, as ssh HOST dnsplan vantage; no shell reads them. A relative path starts at the inventory's folder. Or url."`
	Token   *string  `toml:"token" jsonschema_description:"url: reference to the bearer token. Default: none."`
	Timeout *span    `toml:"timeout" jsonschema_description:"Limit of one request. Default: 30s."`
}

type notifyTable struct {
	URL string   `toml:"url" jsonschema:"required" jsonschema_description:"Reference to a shoutrrr URL, which holds secrets."`
	On  []string `toml:"on" jsonschema:"required,enum=drift,enum=run-failed,enum=window-open-too-long" jsonschema_description:"Events to tell."`
}
