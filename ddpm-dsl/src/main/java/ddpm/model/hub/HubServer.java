package ddpm.model.hub;

import static ddpm.text.Untrusted.quote;

import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.jr.ob.JSON;
import ddpm.http.Answer;
import ddpm.http.DiskException;
import ddpm.http.Download;
import ddpm.http.Progress;
import ddpm.http.RefusedException;
import ddpm.http.Web;
import ddpm.text.StrictJson;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.file.FileSystemException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;

/** What a hub answers about a model: its files, their hashes and addresses, or why not. */
final class HubServer implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration DOWNLOAD_PATIENCE = Duration.ofSeconds(60);
    private static final int MOST_PAGES = 100;
    private static final long MOST_BYTES = 1L << 40;
    private static final Pattern NEXT = Pattern.compile("<([^>]+)>\\s*;\\s*rel=\"?next\"?");

    private final HubSettings settings;
    private final Web questions;
    private final Web files;
    private final Duration pause;

    HubServer(HubSettings settings, Duration pause) throws IOException {
        this.settings = settings;
        this.pause = pause;
        this.questions = new Web(settings.network(), PATIENCE);
        this.files = new Web(settings.network(), DOWNLOAD_PATIENCE);
    }

    /**
     * A file as it is now.
     *
     * @param commit of the repository
     * @param etag the hash of its content, see {@link HubHash}
     * @param location where its bytes are, often another host
     */
    record Head(String commit, String etag, URI location) {}

    /** The names of all files. */
    Set<String> list(HubId id, Consumer<String> notes) throws IOException {
        var names = new LinkedHashSet<String>();
        var asked = settings.endpoint() + "/api/models/" + id.repository() + "/tree/"
                + id.revision().replace("/", "%2F");
        var uri = URI.create(asked + "?recursive=true");
        for (int page = 0; uri != null && page < MOST_PAGES; page++) {
            var at = uri;
            var answered = asked(id, () -> questions.get(at, headers(), StrictJson.MAX_BYTES));
            requireFound(id, null, answered.answer());
            renamed(id, at, answered.answer().uri(), notes);
            names.addAll(files(id, answered.text()));
            uri = next(answered.answer());
        }
        return names;
    }

    private static Set<String> files(HubId id, String text) throws HubException {
        var names = new LinkedHashSet<String>();
        try {
            var entries = StrictJson.read("the hub's list of files", text, json -> {
                StrictJson.expect(json, JsonToken.START_ARRAY, "the hub's list of files");
                return JSON.std.listFrom(json);
            });
            for (var entry : entries) {
                if (entry instanceof Map<?, ?> file && "file".equals(file.get("type"))) {
                    names.add(String.valueOf(file.get("path")));
                }
            }
            return names;
        } catch (IOException e) {
            throw HubException.unreachable(
                    id + ": " + e.getMessage() + "; what answers may be no hub: check HF_ENDPOINT", e);
        }
    }

    /** The address of the next page, which must be of this host: the token goes with it. */
    private static URI next(Answer answer) {
        var link = NEXT.matcher(answer.header("Link").orElse(""));
        if (!link.find()) {
            return null;
        }
        try {
            var next = answer.uri().resolve(link.group(1));
            return String.valueOf(next.getAuthority()).equals(answer.uri().getAuthority()) ? next : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static void renamed(HubId id, URI asked, URI answered, Consumer<String> notes) {
        var parts = answered.getPath().split("/(api/models|tree)/");
        if (!asked.equals(answered) && parts.length > 1 && !parts[1].equals(id.repository())) {
            notes.accept(id.repository() + " is now called " + parts[1]);
        }
    }

    /** Asks for a file's headers; null if there is no such file in this revision. */
    Head head(HubId id, String revision, String file) throws IOException {
        var uri = URI.create(
                settings.endpoint() + "/" + id.repository() + "/resolve/" + revision.replace("/", "%2F") + "/" + file);
        var answer = asked(id, () -> questions.head(uri, headers()));
        boolean isElsewhere = answer.status() / 100 == 3;
        if (!isElsewhere) {
            requireFound(id, file, answer);
        }
        var commit = answer.header("X-Repo-Commit").orElse("");
        var etag = answer.header("X-Linked-Etag")
                .or(() -> answer.header("ETag"))
                .orElse("")
                .replaceFirst("^W/", "")
                .replace("\"", "");
        if (!commit.matches("[0-9a-f]{40}") || !HubHash.isOne(etag)) {
            throw HubException.unreachable(
                    host() + " answers for " + id + " without a commit and a hash, as a hub would; check HF_ENDPOINT",
                    null);
        }
        var location = answer.header("Location").orElse(null);
        try {
            return new Head(
                    commit, etag, location == null ? answer.uri() : answer.uri().resolve(location));
        } catch (IllegalArgumentException e) {
            throw HubException.unreachable(host() + " leads to an impossible address: " + quote(location), e);
        }
    }

    /** Brings a blob to its end; its hash is right then. */
    void download(HubId id, String file, Head head, IncompleteBlob blob, Progress progress) throws IOException {
        var headers = isOurs(head.location()) ? headers() : Map.<String, String>of();
        asked(id, () -> {
            try {
                new Download(files, pause, MOST_BYTES)
                        .fetch(
                                blob.channel(),
                                head.location(),
                                headers,
                                file,
                                progress,
                                () -> HubHash.fault(blob.path(), head.etag()));
            } catch (RefusedException e) {
                if (e.answer() != null && isOurs(head.location())) {
                    requireFound(id, file, e.answer());
                }
                throw HubException.refused(file + " of " + id + " cannot be had: "
                        + head.location().getHost() + " " + e.getMessage()
                        + "; try again later or another HF_ENDPOINT");
            }
            return null;
        });
    }

    /** Whether the token may be sent there. */
    private boolean isOurs(URI uri) {
        return Web.isSameHost(settings.endpoint(), uri);
    }

    private Map<String, String> headers() {
        return settings.token() == null ? Map.of() : Map.of("Authorization", "Bearer " + settings.token());
    }

    private String host() {
        return settings.endpoint().getAuthority();
    }

    /** Throws unless the answer is a good one. */
    private void requireFound(HubId id, String file, Answer answer) throws HubException {
        var code = answer.header("X-Error-Code").orElse("");
        boolean withToken = settings.token() != null;
        var token = withToken ? "the token of " + settings.tokenSource() : "nobody's token";
        var problem = switch (answer.status()) {
            case 200, 206 -> null;
            case 407 ->
                "the proxy wants a user and a password; write them into HTTPS_PROXY or HTTP_PROXY as"
                        + " http://USER:PASSWORD@HOST:PORT";
            case 429 ->
                host() + " asks to slow down (429); try again "
                        + answer.header("Retry-After")
                                .filter(s -> s.matches("\\d{1,6}"))
                                .map(s -> "in " + s + " seconds")
                                .orElse("later")
                        + (withToken ? "" : ", or set HF_TOKEN, which is allowed more");
            case 404 ->
                switch (code) {
                    case "RevisionNotFound" ->
                        "there is no revision " + quote(id.revision()) + " of " + id.repository() + " at " + host()
                                + "; name another behind @";
                    case "EntryNotFound" ->
                        "there is no " + file + " in " + id + " at " + host()
                                + "; it may have changed just now: try again";
                    default -> noSuchModel(id);
                };
            case 401, 403 -> {
                if (code.equals("GatedRepo")) {
                    yield id.repository() + " is gated: accept its terms at " + settings.endpoint() + "/"
                            + id.repository() + ", and let HF_TOKEN be the token of who did";
                }
                if (answer.status() == 403) {
                    yield token + " may not read " + id.repository() + " at " + host()
                            + " (403); let HF_TOKEN be one that may";
                }
                yield withToken && !code.equals("RepoNotFound")
                        ? token + " is not accepted by " + host() + " (401); renew it, or unset it for public"
                                + " models"
                        : noSuchModel(id);
            }
            default ->
                host() + " answered " + answer.status() + " for " + id + "; try again later, or set"
                        + " HF_ENDPOINT to a mirror";
        };
        if (problem != null) {
            boolean says = List.of(401, 403, 404).contains(answer.status());
            throw says ? HubException.refused(problem) : HubException.unreachable(problem, null);
        }
    }

    private String noSuchModel(HubId id) {
        return "there is no model " + id.repository() + " at " + host() + ", nor a file or folder of that name here;"
                + " correct the name, or if the model is private, let HF_TOKEN be a token that may read it";
    }

    @FunctionalInterface
    private interface Question<T> {
        T ask() throws IOException;
    }

    /** Turns what goes wrong on the way into a sentence. */
    private <T> T asked(HubId id, Question<T> question) throws IOException {
        try {
            return question.ask();
        } catch (HubException | DiskException | FileSystemException | ClosedChannelException e) {
            throw e;
        } catch (RefusedException e) {
            throw HubException.unreachable(
                    host() + " cannot be asked for " + id + ": it " + e.getMessage() + "; check HF_ENDPOINT", e);
        } catch (HttpTimeoutException e) {
            throw HubException.unreachable(noNetwork(id, "it does not answer in time"), e);
        } catch (InterruptedIOException e) {
            throw e;
        } catch (SSLException e) {
            throw HubException.unreachable(
                    "the certificate of " + host() + " is not trusted (" + quote(String.valueOf(e.getMessage()))
                            + "); if your network has an authority of its own, let SSL_CERT_FILE name its file",
                    e);
        } catch (ConnectException e) {
            boolean isUnknown = causes(e, UnresolvedAddressException.class);
            throw HubException.unreachable(
                    noNetwork(id, isUnknown ? "its name is not known" : "the connection is refused"), e);
        } catch (IOException e) {
            if (Thread.currentThread().isInterrupted()) {
                throw e;
            }
            throw HubException.unreachable(
                    noNetwork(id, quote(e.getMessage() == null ? e.toString() : e.getMessage())), e);
        }
    }

    private static boolean causes(Throwable failure, Class<?> type) {
        for (var e = failure; e != null; e = e.getCause()) {
            if (type.isInstance(e)) {
                return true;
            }
        }
        return false;
    }

    private String noNetwork(HubId id, String reason) {
        return "cannot ask " + host() + " for " + id + ": " + reason
                + "; check the connection and HTTPS_PROXY, or set HF_ENDPOINT to a mirror";
    }

    @Override
    public void close() {
        questions.close();
        files.close();
    }
}
