//! Makes RSA keys of 2048 bits, one after the other, and nothing else: `rsa-peers graviola|aws-lc COUNT`.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [library, count] = arguments.as_slice() else { return Err("usage: rsa-peers LIBRARY COUNT".into()) };
    for _ in 0..count.parse::<u32>()? {
        match library.as_str() {
            "graviola" => {
                use graviola::signing::rsa::{KeySize, SigningKey};
                std::hint::black_box(SigningKey::generate(KeySize::Rsa2048).map_err(|e| format!("{e:?}"))?);
            }
            "aws-lc" => {
                use aws_lc_rs::rsa::{KeyPair, KeySize};
                std::hint::black_box(KeyPair::generate(KeySize::Rsa2048)?);
            }
            other => return Err(format!("no library {other}").into()),
        }
    }
    Ok(())
}
