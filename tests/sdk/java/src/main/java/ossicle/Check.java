package ossicle;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;

/** What both Java programs share: the settings that `run` passes in, and the counting. */
final class Check {
    static final String ENDPOINT = System.getenv("SDK_ENDPOINT");
    static final boolean PATH_STYLE = System.getenv("SDK_STYLE").equals("path");
    static final boolean V4 = System.getenv("SDK_AUTH").equals("v4");
    static final String KEY_ID = System.getenv("SDK_KEY_ID");
    static final String KEY_SECRET = System.getenv("SDK_KEY_SECRET");
    static final String REGION = System.getenv("SDK_REGION");
    static final String BUCKET = System.getenv("SDK_BUCKET");
    static final String STS_ID = System.getenv("SDK_STS_ID");
    static final String STS_SECRET = System.getenv("SDK_STS_SECRET");
    static final String STS_TOKEN = System.getenv("SDK_STS_TOKEN");

    /** A check; it throws when the server is wrong. */
    interface Body {
        void run() throws Exception;
    }

    private final String name;
    private int passed;
    private int failed;

    Check(String name) {
        this.name = name;
    }

    void run(String title, Body body) {
        long began = System.nanoTime();
        try {
            body.run();
            passed++;
            System.out.printf("ok   %s (%d ms)%n", title, (System.nanoTime() - began) / 1_000_000);
        } catch (Exception | AssertionError error) {
            failed++;
            String text = error.toString().replaceAll("\\s+", " ");
            System.out.printf("FAIL %s: %s%n", title, text.substring(0, Math.min(600, text.length())));
        }
    }

    void end() {
        System.out.printf("%s: %d passed, %d failed%n", name, passed, failed);
        System.exit(failed > 0 || passed == 0 ? 1 : 0);
    }

    static void same(Object got, Object wanted) {
        if (!Objects.equals(got, wanted)) {
            throw new AssertionError(got + " is not " + wanted);
        }
    }

    /** Something that becomes true. */
    interface Probe {
        boolean ask() throws Exception;
    }

    /** Asks until the answer is true; a restore takes a moment. */
    static void waitFor(String what, Probe probe) throws Exception {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (!probe.ask()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("waited in vain for " + what);
            }
            Thread.sleep(50);
        }
    }

    static String policy() {
        return "{\"Version\":\"1\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"oss:GetObject\",\"Principal\":[\"*\"],"
            + "\"Resource\":[\"acs:oss:*:*:" + BUCKET + "/normal\"]}]}";
    }

    /** Status and body of a request made without any OSS client, as a browser would make it. */
    static String http(String method, String url, String body, Map<String, String> headers) throws IOException {
        HttpURLConnection connection = (HttpURLConnection) new URL(url).openConnection();
        connection.setConnectTimeout(20_000);
        connection.setReadTimeout(20_000);
        connection.setRequestMethod(method);
        headers.forEach(connection::setRequestProperty);
        if (body != null) {
            if (headers.keySet().stream().noneMatch("Content-Type"::equalsIgnoreCase)) {
                throw new IllegalArgumentException("Java invents a Content-Type for bodies without one");
            }
            connection.setDoOutput(true);
            connection.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
        }
        int status = connection.getResponseCode();
        try (InputStream answer = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
            return status + " " + new String(answer == null ? new byte[0] : answer.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
