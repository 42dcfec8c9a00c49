#!/bin/sh
# REST over TLS, as on milvus-io/web-content v3.0.x/site/en/adminGuide/tls.md. With TLS on, REST has a port of its own:
# proxy.http.port of milvus.yaml. Run with curl and a real Milvus 2.3.5.
# Python has the same files as requests.post(url, verify=CA, cert=(CERTIFICATE, KEY)), and pymilvus.bulk_writer's
# bulk_import(url, ..., verify=CA, cert=(CERTIFICATE, KEY)).
curl --fail-with-body --silent --show-error \
  --cacert {{ ca_pem }} \
{% if two_way %}
  --cert {{ client_pem }} --key {{ client_key }} \
{% endif %}
  --header 'Content-Type: application/json' --data '{}' \
  {{ rest_uri ~ "/v2/vectordb/collections/list" }}
# with authorizationEnabled: --header 'Authorization: Bearer root:Milvus'
