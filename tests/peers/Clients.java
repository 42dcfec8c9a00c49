// What Netty and the JDK say of sets: Clients.java, with a line "NAME DIR ONE-WAY-PORT MUTUAL-PORT" on standard input for
// each. For each of them two lines, one-way and mutual: "accepted", "absent", or why it is refused.
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.net.Socket;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;

public class Clients {
    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = lines.readLine()) != null; ) {
            String[] word = line.split(" ");
            boolean isThere = new File(word[1], "client.pem").exists() || new File(word[1], "client.key").exists();
            System.out.println(word[2].equals("0") ? "absent" : shake(word[0], word[1], word[2], false));
            System.out.println(word[3].equals("0") || !isThere ? "absent" : shake(word[0], word[1], word[3], true));
        }
    }

    // As Milvus's Java SDK does it: GrpcSslContexts.forClient(), trustManager(file), keyManager(file, file).
    static String shake(String name, String directory, String port, boolean mutual) {
        try {
            SslContextBuilder builder = SslContextBuilder.forClient().sslProvider(SslProvider.JDK);
            builder.trustManager(new File(directory, "ca.pem"));
            if (mutual) {
                builder.keyManager(new File(directory, "client.pem"), new File(directory, "client.key"));
            }
            JdkSslContext context = (JdkSslContext) builder.build();
            try (Socket plain = new Socket("127.0.0.1", Integer.parseInt(port))) {
                plain.setSoTimeout(10000);
                SSLSocket socket =
                    (SSLSocket) context.context().getSocketFactory().createSocket(plain, name, 0, true);
                SSLParameters parameters = socket.getSSLParameters();
                parameters.setEndpointIdentificationAlgorithm("HTTPS");
                parameters.setApplicationProtocols(new String[] {"h2"});
                socket.setSSLParameters(parameters);
                socket.startHandshake();
                return "accepted";
            }
        } catch (Exception refusal) {
            StringBuilder said = new StringBuilder();
            for (Throwable cause = refusal; cause != null; cause = cause.getCause()) {
                said.append(said.length() == 0 ? "" : ": ").append(cause.getMessage());
            }
            return said.toString().replaceAll("\\s+", " ");
        }
    }
}
