// A Kafka broker and a client of it, as far as TLS goes: both read PEM as Kafka does with ssl.keystore.type=PEM and
// ssl.truststore.type=PEM (apache/kafka clients/src/main/java/org/apache/kafka/common/security/ssl/
// DefaultSslEngineFactory.java: PKCS#8 without a password, the chain from the same file, RSA, DSA or EC), shake hands by
// the JDK's SSLContext with ssl.client.auth=required, and exchange a byte.
//   java Kafka.java NAME BROKER-KEYSTORE BROKER-TRUSTSTORE CLIENT-KEYSTORE CLIENT-TRUSTSTORE
// It prints "accepted", or what each side says.
import java.io.ByteArrayInputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

public class Kafka {
    public static void main(String[] arguments) throws Exception {
        SSLContext broker = context(arguments[1], arguments[2]);
        SSLContext client = context(arguments[3], arguments[4]);
        InetAddress loopback = InetAddress.getLoopbackAddress();
        SSLServerSocket listener = (SSLServerSocket) broker.getServerSocketFactory().createServerSocket(0, 1, loopback);
        listener.setNeedClientAuth(true);
        CompletableFuture<String> served = CompletableFuture.supplyAsync(() -> {
            try (SSLSocket socket = (SSLSocket) listener.accept()) {
                socket.setSoTimeout(20000);
                socket.getOutputStream().write(socket.getInputStream().read());
                return null;
            } catch (Exception refusal) {
                return "broker: " + refusal.getMessage();
            }
        });
        String connected = null;
        try (Socket plain = new Socket(loopback, listener.getLocalPort())) {
            plain.setSoTimeout(20000);
            SSLSocket socket = (SSLSocket) client.getSocketFactory().createSocket(plain, arguments[0], 9093, true);
            SSLParameters parameters = socket.getSSLParameters();
            // Kafka's default, ssl.endpoint.identification.algorithm=https.
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            socket.setSSLParameters(parameters);
            socket.getOutputStream().write(7);
            if (socket.getInputStream().read() != 7) {
                connected = "client: the broker closed the connection";
            }
        } catch (Exception refusal) {
            connected = "client: " + refusal.getMessage();
        }
        String refused = served.get();
        System.out.println(connected == null && refused == null ? "accepted" : connected + "; " + refused);
    }

    static SSLContext context(String keystore, String truststore) throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(null, null);
        keys.setKeyEntry("kafka", key(keystore), new char[0], certificates(keystore).toArray(new Certificate[0]));
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, new char[0]);
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        for (Certificate certificate : certificates(truststore)) {
            trusted.setCertificateEntry("kafka" + trusted.size(), certificate);
        }
        TrustManagerFactory others = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        others.init(trusted);
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        context.init(own.getKeyManagers(), others.getTrustManagers(), null);
        return context;
    }

    static PrivateKey key(String file) throws Exception {
        PKCS8EncodedKeySpec encoded = new PKCS8EncodedKeySpec(blocks(file, "PRIVATE KEY").get(0));
        InvalidKeySpecException last = null;
        for (String algorithm : List.of("RSA", "DSA", "EC")) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(encoded);
            } catch (InvalidKeySpecException other) {
                last = other;
            }
        }
        throw last;
    }

    static List<Certificate> certificates(String file) throws Exception {
        List<Certificate> certificates = new ArrayList<>();
        for (byte[] der : blocks(file, "CERTIFICATE")) {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            certificates.add(factory.generateCertificate(new ByteArrayInputStream(der)));
        }
        return certificates;
    }

    static List<byte[]> blocks(String file, String label) throws Exception {
        Pattern pattern = Pattern.compile("-----BEGIN " + label + "-----\\s*([A-Za-z0-9+/=\\s]*)-----END " + label + "-----");
        Matcher matcher = pattern.matcher(Files.readString(Path.of(file)));
        List<byte[]> blocks = new ArrayList<>();
        while (matcher.find()) {
            blocks.add(Base64.getMimeDecoder().decode(matcher.group(1)));
        }
        return blocks;
    }
}
