package ddpm.model.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ddpm.http.LoopbackProxy;
import ddpm.io.WholeFile;
import ddpm.model.StoredModel;
import ddpm.model.Weights;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HubTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden/hf_unet");
    private static final String WEIGHTS = "diffusion_pytorch_model.safetensors";
    private static final HubId ID = HubId.parse(LoopbackHub.ID);

    @TempDir
    Path cache;

    private final List<String> notes = Collections.synchronizedList(new ArrayList<>());
    private LoopbackHub server;

    @BeforeEach
    void start() throws IOException {
        server = new LoopbackHub(GOLDEN.resolve("current"));
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Hub hub(String... variables) throws IOException {
        var environment = server.environment(cache);
        for (int i = 0; i < variables.length; i += 2) {
            environment.put(variables[i], variables[i + 1]);
        }
        return Hub.of(environment).withReports(notes::add, (_, _, _) -> {}).withPause(Duration.ofMillis(1));
    }

    private Path weights() {
        return cache.resolve("models--google--ddpm-tiny/snapshots/" + LoopbackHub.COMMIT + "/" + WEIGHTS);
    }

    private Path blobs() {
        return cache.resolve("models--google--ddpm-tiny/blobs");
    }

    private List<String> incomplete() throws IOException {
        try (var files = Files.list(blobs())) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.contains("incomplete"))
                    .toList();
        }
    }

    private void assertWhole() throws IOException {
        assertArrayEquals(server.files.get(WEIGHTS), Files.readAllBytes(weights()));
        assertEquals(List.of(), incomplete());
    }

    private String refusal(String... variables) {
        var refused = assertThrows(IOException.class, () -> hub(variables).fetch(ID));
        assertFalse(refused.getMessage().contains("\n"), refused.getMessage());
        return refused.getMessage();
    }

    @Test
    void firstUseFetchesAndTheSecondWorksUnplugged() throws Exception {
        var folder = hub().fetch(ID);
        var model = StoredModel.open(folder, Weights.EMA);
        assertEquals(StoredModel.open(GOLDEN.resolve("current"), Weights.EMA).card(), model.card());
        assertEquals(
                model.parameters(),
                model.tensors().values().stream()
                        .mapToLong(t -> t.shape().numel())
                        .sum());
        server.close();
        notes.clear();
        assertEquals(folder, hub().fetch(ID));
        assertTrue(notes.getLast().contains("as it was when last fetched: cannot ask 127.0.0.1"), notes.toString());
    }

    /** huggingface_hub's layout: links to content by its hash, and a branch's commit without a line end. */
    @Test
    void theCacheIsLaidOutAsPythonLaysIt() throws Exception {
        hub().fetch(ID);
        var expected = new TreeMap<String, String>();
        for (var name : List.of("config.json", "model_index.json", "scheduler_config.json", WEIGHTS)) {
            var etag = LoopbackHub.etag(name, server.files.get(name));
            expected.put("blobs/" + etag, "file");
            expected.put("snapshots/" + LoopbackHub.COMMIT + "/" + name, "../../blobs/" + etag);
        }
        expected.put("refs/main", "file");
        var found = new TreeMap<String, String>();
        var model = cache.resolve("models--google--ddpm-tiny");
        try (var files = Files.walk(model)) {
            for (var file : files.filter(f -> !Files.isDirectory(f)).toList()) {
                found.put(
                        model.relativize(file).toString(),
                        Files.isSymbolicLink(file)
                                ? Files.readSymbolicLink(file).toString()
                                : "file");
            }
        }
        assertEquals(expected, found);
        assertEquals(LoopbackHub.COMMIT, Files.readString(model.resolve("refs/main")));
    }

    @Test
    void foldersOfAPipelineKeepTheirNamesAndLinks() throws Exception {
        server.close();
        server = new LoopbackHub(GOLDEN.resolve("heads8"));
        var folder = hub().fetch(ID);
        var link = folder.resolve("unet").resolve(WEIGHTS);
        assertTrue(Files.readSymbolicLink(link).startsWith("../../../blobs"), "" + Files.readSymbolicLink(link));
        assertTrue(Files.exists(folder.resolve("scheduler/scheduler_config.json")));
        StoredModel.open(folder, Weights.EMA).tensors();
    }

    @Test
    void aCacheThatPythonFilledNeedsNoDownload() throws Exception {
        var model = cache.resolve("models--google--ddpm-tiny");
        for (var name : List.of("config.json", "model_index.json", "scheduler_config.json", WEIGHTS)) {
            var blob = model.resolve("blobs").resolve(LoopbackHub.etag(name, server.files.get(name)));
            Files.createDirectories(blob.getParent());
            Files.write(blob, server.files.get(name));
            var link = model.resolve("snapshots").resolve(LoopbackHub.COMMIT).resolve(name);
            Files.createDirectories(link.getParent());
            Files.createSymbolicLink(link, link.getParent().relativize(blob));
        }
        Files.createDirectories(model.resolve("refs"));
        Files.writeString(model.resolve("refs/main"), LoopbackHub.COMMIT);
        hub().fetch(ID);
        assertEquals(1, server.requests.size(), server.requests.toString());
        assertTrue(server.requests.getFirst().startsWith("hub HEAD"), server.requests.toString());
    }

    @Test
    void onlyWhatAUNetNeedsIsFetched() throws Exception {
        server.files.put("diffusion_pytorch_model.bin", new byte[10]);
        hub().fetch(ID);
        assertFalse(
                server.requests.toString().matches("(?s).*(README|images.png|\\.bin).*"), server.requests.toString());
        assertEquals(
                1, server.requests.stream().filter(r -> r.startsWith("store")).count(), server.requests.toString());
    }

    @Test
    void aCommitThatIsHereIsTakenWithoutAQuestion() throws Exception {
        var id = HubId.parse("hf://" + LoopbackHub.ID + "@" + LoopbackHub.COMMIT);
        var folder = hub().fetch(id);
        server.requests.clear();
        assertEquals(folder, hub().fetch(id));
        assertEquals(List.of(), server.requests);
        assertFalse(Files.exists(cache.resolve("models--google--ddpm-tiny/refs")));
    }

    @Test
    void aNewCommitIsFetchedAndTheOldOneKept() throws Exception {
        var old = hub().fetch(ID);
        server.commit = "f".repeat(40);
        server.files.put("config.json", (new String(server.files.get("config.json")) + " ").getBytes());
        server.requests.clear();
        var fresh = hub().fetch(ID);
        assertNotEquals(old, fresh);
        assertTrue(Files.exists(old.resolve("config.json")));
        assertFalse(server.requests.toString().contains("store"), "the weights are the same: " + server.requests);
    }

    @Test
    void theTokenIsNeverSeenByASecondHost() throws Exception {
        hub("HF_TOKEN", " hf_secret\n").fetch(ID);
        int hosts = 0;
        for (var request : server.requests) {
            boolean isHub = request.startsWith("hub");
            assertTrue(request.contains(isHub ? "auth=Bearer hf_secret" : "auth=null"), request);
            hosts |= isHub ? 1 : 2;
        }
        assertEquals(3, hosts, "both were asked");
    }

    @Test
    void tokensComeFromVariablesAndFilesUnlessForbidden() throws Exception {
        Files.writeString(cache.resolve("t"), "from_file\n");
        assertEquals(
                "from_file",
                hub("HF_TOKEN_PATH", cache.resolve("t") + "").settings().token());
        Files.writeString(cache.resolve("token"), "from_home");
        assertEquals("from_home", hub("HF_HOME", cache + "").settings().token());
        assertEquals("v", hub("HF_HOME", cache + "", "HF_TOKEN", "v").settings().token());
        var without = hub("HF_TOKEN", "v", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "1").settings();
        assertEquals(null, without.token());
        assertFalse(hub("HF_TOKEN", "hf_v").settings().toString().contains("hf_v"));
        var bad = assertThrows(IllegalArgumentException.class, () -> hub("HF_TOKEN", "two words"));
        assertFalse(bad.getMessage().contains("two words"), bad.getMessage());
    }

    @Test
    void theCachesPlaceFollowsPythonsVariables() throws Exception {
        assertEquals(Path.of("/u/.cache/huggingface/hub"), place("HOME", "/u"));
        assertEquals(Path.of("/x/huggingface/hub"), place("HOME", "/u", "XDG_CACHE_HOME", "/x"));
        assertEquals(Path.of("/h/hub"), place("XDG_CACHE_HOME", "/x", "HF_HOME", "/h"));
        assertEquals(Path.of("/u/h/hub"), place("HOME", "/u", "HF_HOME", "~/h"));
        assertEquals(Path.of("/o"), place("HF_HOME", "/h", "HUGGINGFACE_HUB_CACHE", "/o"));
        assertEquals(Path.of("/c"), place("HUGGINGFACE_HUB_CACHE", "/o", "HF_HUB_CACHE", "/c"));
    }

    private static Path place(String... variables) throws IOException {
        var environment = new java.util.HashMap<String, String>();
        for (int i = 0; i < variables.length; i += 2) {
            environment.put(variables[i], variables[i + 1]);
        }
        return HubSettings.of(environment).cache();
    }

    @Test
    void damagedContentIsRefused() throws Exception {
        server.damages = true;
        var message = refusal();
        assertTrue(message.contains("sent a file with SHA-256"), message);
        assertFalse(Files.exists(weights()));
        assertFalse(Files.exists(cache.resolve("models--google--ddpm-tiny/refs/main")));
        server.damages = false;
        hub().fetch(ID);
        assertWhole();
    }

    @Test
    void aDamagedBlobOfABranchThatMovedIsFetchedAnew() throws Exception {
        hub().fetch(ID);
        Files.write(weights().toRealPath(), new byte[100]);
        server.commit = "f".repeat(40);
        var folder = hub().fetch(ID);
        assertArrayEquals(server.files.get(WEIGHTS), Files.readAllBytes(folder.resolve(WEIGHTS)));
        assertTrue(notes.stream().anyMatch(note -> note.contains("is damaged and is fetched anew")), notes.toString());
    }

    @Test
    void aCutConnectionIsResumed() throws Exception {
        server.cutAfter = 100_000;
        hub().fetch(ID);
        assertWhole();
        var ranges = server.requests.stream().filter(r -> r.startsWith("store")).toList();
        assertTrue(ranges.size() > 10, ranges.toString());
        assertTrue(ranges.stream().skip(1).allMatch(r -> r.matches(".*range=bytes=[1-9].*")), ranges.toString());
    }

    @Test
    void whatAProcessThatWasKilledLeftIsResumed() throws Exception {
        var content = server.files.get(WEIGHTS);
        Files.createDirectories(blobs());
        var etag = LoopbackHub.etag(WEIGHTS, content);
        Files.write(blobs().resolve(etag + ".0badf00d.incomplete"), java.util.Arrays.copyOf(content, 500_000));
        Files.write(blobs().resolve(etag + ".00000001.incomplete"), new byte[10]);
        hub().fetch(ID);
        assertWhole();
        assertTrue(server.requests.toString().contains("range=bytes=500000-"), server.requests.toString());
    }

    @Test
    void leftoversOfAnotherContentAreThrownAway() throws Exception {
        Files.createDirectories(blobs());
        var etag = LoopbackHub.etag(WEIGHTS, server.files.get(WEIGHTS));
        Files.write(blobs().resolve(etag + ".0badf00d.incomplete"), new byte[5_000_000]);
        hub().fetch(ID);
        assertWhole();
    }

    @RepeatedTest(5)
    void manyFetchesAtOnceAllEndWell() throws Exception {
        server.cutAfter = 300_000;
        List<Callable<Path>> fetches = Collections.nCopies(6, () -> hub().fetch(ID));
        try (var pool = Executors.newFixedThreadPool(6)) {
            for (var done : pool.invokeAll(fetches)) {
                assertEquals(weights().getParent(), done.get());
            }
        }
        assertWhole();
    }

    @ParameterizedTest
    @CsvSource({
        "401, RepoNotFound, '', 'there is no model google/ddpm-tiny at', 'HF_TOKEN'",
        "401, RepoNotFound, hf_x, 'there is no model google/ddpm-tiny at', 'nor a file or folder'",
        "401, '', hf_x, 'the token of HF_TOKEN is not accepted', 'renew it'",
        "401, GatedRepo, '', 'is gated: accept its terms at', 'HF_TOKEN'",
        "403, GatedRepo, hf_x, 'is gated: accept its terms at', 'the token of who did'",
        "403, '', hf_x, 'the token of HF_TOKEN may not read', 'let HF_TOKEN be one that may'",
        "404, RevisionNotFound, '', 'no revision', 'name another behind @'",
        "404, RepoNotFound, '', 'there is no model', 'correct the name'",
        "429, '', '', 'asks to slow down (429)', 'in 17 seconds, or set HF_TOKEN'",
        "500, '', '', 'answered 500', 'try again later'",
        "503, '', '', 'answered 503', 'HF_ENDPOINT'",
        "407, '', '', 'the proxy wants a user', 'http://USER:PASSWORD@'",
        "302, '', '', 'answered 302', 'HF_ENDPOINT'"
    })
    void refusalsAreASentenceWithWhatToDo(int status, String code, String token, String what, String todo)
            throws Exception {
        server.status = status;
        server.errorCode = code;
        var message = refusal("HF_TOKEN", token);
        assertTrue(message.contains(what) && message.contains(todo), message);
        assertFalse(message.contains("hf_x"), message);
    }

    @ParameterizedTest
    @CsvSource({"429, true", "503, true", "401, false", "404, false"})
    void whatWasFetchedStandsInWhereTheHubGivesNoAnswer(int status, boolean stands) throws Exception {
        var folder = hub().fetch(ID);
        server.status = status;
        if (stands) {
            assertEquals(folder, hub().fetch(ID));
            assertTrue(notes.getLast().contains(String.valueOf(status)), notes.toString());
        } else {
            refusal();
        }
    }

    @Test
    void aRenamedModelIsFetchedUnderTheNameAskedFor() throws Exception {
        server.formerName = "google/old-name";
        var folder = hub().fetch(HubId.parse("google/old-name"));
        assertTrue(folder.startsWith(cache.resolve("models--google--old-name")), folder.toString());
        assertTrue(notes.contains("google/old-name is now called google/ddpm-tiny"), notes.toString());
        StoredModel.open(folder, Weights.EMA).tensors();
    }

    @Test
    void offlineNothingIsAskedAndWhatIsMissingIsSaid() throws Exception {
        var message = refusal("HF_HUB_OFFLINE", "1");
        assertTrue(message.contains("HF_HUB_OFFLINE is set; unset it"), message);
        assertEquals(List.of(), server.requests);
        var folder = hub().fetch(ID);
        server.requests.clear();
        assertEquals(folder, hub("HF_HUB_OFFLINE", "yes").fetch(ID));
        assertEquals(List.of(), server.requests);
    }

    @Test
    void aSnapshotThatPythonBeganIsNotTakenForWhole() throws Exception {
        hub().fetch(ID);
        Files.delete(weights());
        assertTrue(refusal("HF_HUB_OFFLINE", "1").contains("is not in"));
        hub().fetch(ID);
        assertWhole();
    }

    @Test
    void noNetworkIsASentence() throws Exception {
        server.close();
        assertTrue(refusal().contains("check the connection and HTTPS_PROXY, or set HF_ENDPOINT"), refusal());
        var unknown = refusal("HF_ENDPOINT", "http://there-is-no-such-host.invalid");
        assertTrue(unknown.contains("cannot ask there-is-no-such-host.invalid"), unknown);
    }

    @Test
    void whatIsNoHubIsSaidToBeNone() throws Exception {
        server.files.keySet().removeIf(name -> name.startsWith("diffusion"));
        var message = refusal();
        assertTrue(message.contains("holds no UNet's weights"), message);
        assertTrue(message.contains("'README.md'"), message);
        assertThrows(IllegalArgumentException.class, () -> hub("HF_ENDPOINT", "ftp://x"));
        server.commit = "no commit";
        server.files.put(WEIGHTS, new byte[10]);
        assertTrue(refusal().contains("check HF_ENDPOINT"), refusal());
    }

    @Test
    void aCacheThatCannotBeWrittenIsSaid() throws Exception {
        Files.writeString(cache.resolve("models--google--ddpm-tiny"), "a file");
        assertTrue(refusal().contains("let HF_HUB_CACHE name a folder that can be written"), refusal());
    }

    /** A zip file as a file system has none. */
    @Test
    void whereThereAreNoLinksSnapshotsHoldCopies() throws Exception {
        try (var zip = FileSystems.newFileSystem(cache.resolve("cache.zip"), Map.of("create", "true"))) {
            var links = new HubCache(zip.getPath("/hub"));
            var blob = links.blob(ID, "a".repeat(40));
            Files.createDirectories(blob.getParent());
            Files.writeString(blob, "content");
            for (int i = 0; i < 2; i++) { // the second time it is there
                links.place(ID, LoopbackHub.COMMIT, "unet/config.json", "a".repeat(40));
                var file = links.snapshot(ID, LoopbackHub.COMMIT).resolve("unet/config.json");
                assertEquals("content", Files.readString(file));
            }
        }
    }

    @Test
    void aHubBehindAProxyWithAPasswordIsReached() throws Exception {
        var basic = "Basic " + Base64.getEncoder().encodeToString("me:secret".getBytes(StandardCharsets.UTF_8));
        try (var proxy = new LoopbackProxy(basic)) {
            hub("HTTP_PROXY", "http://me:secret@127.0.0.1:" + proxy.port()).fetch(ID);
            assertWhole();
            assertTrue(proxy.requests.stream().anyMatch(r -> r.contains("GET http://localhost:")), "" + proxy.requests);
            assertEquals(server.requests.size(), proxy.requests.size(), "none went past the proxy");
            WholeFile.delete(cache.resolve("models--google--ddpm-tiny"));
            var message = refusal("HTTP_PROXY", "http://me:wrong@127.0.0.1:" + proxy.port());
            assertTrue(message.contains("the proxy wants a user and a password"), message);
        }
    }

    @Test
    void modelsAreListedAndDeleted() throws Exception {
        hub().fetch(ID);
        Files.createDirectories(cache.resolve("models--openai--other/blobs"));
        Files.createDirectories(cache.resolve(".locks/models--google--ddpm-tiny"));
        var listed = hub().cache().list();
        assertEquals(
                List.of("google/ddpm-tiny", "openai/other"),
                listed.stream().map(HubCache.Entry::repository).toList());
        var entry = listed.getFirst();
        assertEquals(Map.of("main", LoopbackHub.COMMIT), entry.revisions());
        assertTrue(entry.whole() && !listed.getLast().whole());
        assertTrue(entry.bytes() > server.files.get(WEIGHTS).length);
        assertEquals(entry.bytes(), hub().cache().remove(ID));
        assertFalse(Files.exists(entry.path()) || Files.exists(cache.resolve(".locks/models--google--ddpm-tiny")));
        assertThrows(HubException.class, () -> hub().cache().remove(ID));
    }

    @ParameterizedTest
    @CsvSource({
        "google/ddpm-cifar10-32, true",
        "hf://gpt2, true",
        "hf://a/b@v1.0, true",
        "a/b@refs/pr/1, true",
        "model.pt, false",
        "runs/first.pt, false",
        "./a/b, false",
        "/a/b, false",
        "a/b/c, false",
        "src/none, false",
        "src/test, false",
        "../a, false",
        "a--b/c, false",
        "a/b@../x, false"
    })
    void idsAreToldFromPaths(String text, boolean isId) {
        assertEquals(isId, HubId.of(text).isPresent());
    }

    @Test
    void impossibleIdsAreRefused() {
        for (var text :
                List.of("hf://../x", "hf://a/b/c", "hf://", "hf://a/b@", "hf://a/b@..", "hf://a/b@-x", "hf://a b")) {
            assertThrows(IllegalArgumentException.class, () -> HubId.of(text), text);
        }
    }
}
