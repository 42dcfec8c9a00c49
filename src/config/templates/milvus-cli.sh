#!/bin/sh
# milvus_cli over TLS. Options read from zilliztech/milvus_cli milvus_cli/scripts/connection_client_cli.py and
# milvus_cli/ConnectionClient.py, v1.2.1; -tls and -cert are there since 1.0.2.
{% if two_way %}
# It cannot connect to a Milvus in mode 2: "-tls 2" is accepted and then fails with "two-way encryption is not
# implemented yet", and there is no option for the client's key.
echo 'milvus_cli has no two-way TLS; use pymilvus: milvus-certgen config pymilvus' >&2
exit 1
{% else %}
# There is no option for a server name: the host in the URI must be a name in the server certificate. -cert is what to
# trust, though its help speaks of a client certificate.
# To go on working at the prompt, start milvus_cli and type the connect line there.
milvus_cli <<'END'
connect -uri {{ uri }} -tls 1 -cert {{ ca_pem }}
list collections
exit
END
{% endif %}
