/**
 * Files over HTTP: one client for data sets and models, with the proxy and the certificates of the network that people
 * are on.
 *
 * <p>Nothing here knows what is fetched or what a checksum is for; a token is never sent to another host than the one it
 * was given for.
 *
 * @since 0.1.0
 */
package ddpm.http;
